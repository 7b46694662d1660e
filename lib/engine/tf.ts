// The one place that loads TensorFlow. Everything else imports `tf` from here, so that the log
// level, the thread count and the Node fix are in force before the native library opens.
import "./preflight";

import * as tf from "@tensorflow/tfjs-node-gpu";

export { tf };
