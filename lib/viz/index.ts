export { arrows, type ArrowsOptions } from "./arrows";
export { type Axis, plotlyText } from "./axes";
export {
  bars,
  type BarsOptions,
  type ChartOptions,
  groupsByLabel,
  heatmap,
  type HeatmapOptions,
  type Numbers,
  type PointGroup,
  scatter2d,
  type ScatterOptions,
} from "./charts";
export {
  DenoisingFilm,
  type DenoisingFilmOptions,
  liveDenoising,
  type SamplingMoment,
} from "./denoising-film";
export { type Band, type Curve, curves, type CurvesOptions } from "./curves";
export { display, type Formatter, registerFormatters } from "./display";
export { Figure, type FigureSpec, type Frame, type Layout, type Trace } from "./figure";
export { healthyBand, healthyRuns, type HealthyRuns, type LossCurve } from "./healthy-runs";
export { ImageGrid, imageGrid, type ImageGridOptions } from "./image-grid";
export { type Lazy, liveFigure, liveImages, type LiveOptions, LiveOutput } from "./live";
export { slider, type SliderOptions } from "./slider";
export {
  guidanceSlider,
  type ScheduleFrame,
  scheduleSlider,
  timestepScrubber,
} from "./process-sliders";
export { type FrameLike, type Row, Table, table, type TableOptions } from "./tables";
export {
  liveTraining,
  TrainingDashboard,
  type TrainingDashboardOptions,
  type TrainingReport,
} from "./training-dashboard";
