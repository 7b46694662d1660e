import { type core, data, Rng, tf } from "latentlab";

/** Pictures `[B, 32, 32, 3]` of captions, drawn: what a generator would make that makes no mistake. */
export function drawTruth(captions: readonly string[]): core.Images {
  const pictures = captions.map((text, i) => {
    const scene = data.sampleScene(data.parseCaption(text), new Rng(i));
    const bytes = data.drawObjects(data.sceneObjects(scene), 32);
    return tf.tensor3d(
      Float32Array.from(bytes, (byte) => byte / 127.5 - 1),
      [32, 32, 3],
    );
  });
  const stacked = tf.stack(pictures) as core.Images;
  tf.dispose(pictures);
  return stacked;
}
