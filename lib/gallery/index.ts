export { GalleryBook, type GalleryEntry, type JudgedPicture } from "./book";
export { courseModels, type GalleryModel } from "./models";
export {
  attnGanPainter,
  type Painter,
  type PaintMoment,
  type PaintOptions,
  pipelinePainter,
  stackGanPainter,
} from "./painter";
export { captionBox, Gallery } from "./gallery";
export { type GalleryEvent, type PictureRequest, Studio } from "./studio";
