"""Sample with an exported pipeline: what a program without LatentLab would do.

    python test/export/sample.py FOLDER < request.json > answer.json

The request holds `x`, the noise to start from, `times`, `guidance_scale`, and `labels` or `tokens`.
"""

import json
import sys

import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
network = model.signatures["serving_default"]
step = model.signatures["step"]
decode = model.signatures["decode"]

request = json.load(sys.stdin)
x = tf.constant(request["x"], tf.float32)
times = request["times"]
condition = {name: tf.constant(request[name]) for name in ("labels", "tokens") if name in request}
scale = tf.constant(request["guidance_scale"], tf.float32)

(prediction,) = network(x=x, t=tf.fill([len(x)], times[0]), **condition).values()
for t, t_next in zip(times, times[1:]):
    now = {"t": tf.constant(t), "t_next": tf.constant(t_next)}
    x = step(x=x, guidance_scale=scale, **now, **condition)["x"]
pictures = decode(x=x)["pictures"]

answer = {"prediction": prediction, "pictures": pictures}
numbers = {name: tf.reshape(value, [-1]).numpy().tolist() for name, value in answer.items()}
json.dump({"version": tf.__version__, **numbers}, sys.stdout)
