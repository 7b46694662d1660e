import { data } from "latentlab";

/** `count` images of 1×2: image i has the grey levels i and 255 − i, and the label i mod 3. */
export function countedImages(count: number): data.ImageDataset {
  const greys = Array.from({ length: count }, (_, i) => [i, 255 - i]).flat();
  return new data.ImageDataset({
    name: "counted",
    images: Uint8Array.from(greys),
    imageShape: [1, 2, 1],
    labels: Int32Array.from({ length: count }, (_, i) => i % 3),
    classNames: ["a", "b", "c"],
    provenance: { source: "made for a test", license: "none", files: [] },
  });
}
