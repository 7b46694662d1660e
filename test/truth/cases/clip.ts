import { objectives, tf } from "latentlab";

import type { Mappings } from "../run";

export const clip: Mappings = {
  infonce: (inputs) => {
    const image = inputs.tensor<tf.Tensor2D>("image_features");
    const text = inputs.tensor<tf.Tensor2D>("text_features");
    const logScale = tf.scalar(inputs.number("log_scale"));
    const total = (a: tf.Tensor, b: tf.Tensor, s: tf.Tensor): tf.Tensor =>
      objectives.contrastiveLoss(a as tf.Tensor2D, b as tf.Tensor2D, s).loss;
    const [gradImage, gradText, gradLogScale] = tf.grads(total)([image, text, logScale]);
    const { loss, imageToText } = objectives.contrastiveLoss(image, text, logScale);
    const cosines = objectives.contrastiveLogits(image, text, tf.scalar(0));
    return {
      loss,
      image_to_text: imageToText,
      logits_per_image: objectives.contrastiveLogits(image, text, logScale),
      grad_image: gradImage as tf.Tensor,
      grad_text: gradText as tf.Tensor,
      grad_log_scale: gradLogScale as tf.Tensor,
      cosine_similarity: cosines.mul(tf.eye(image.shape[0])).sum(1),
    };
  },
};
