"""The eight works in TensorFlow's Python: tf.function, and tf.function with XLA."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from types import SimpleNamespace

import numpy as np
import tensorflow as tf

import common
import nhwc_works as works

tf.config.threading.set_intra_op_parallelism_threads(int(os.environ.get("BENCH_THREADS", "2")))
tf.config.threading.set_inter_op_parallelism_threads(int(os.environ.get("BENCH_THREADS", "2")))


def conv_transpose(x, w, stride, padding):
    size = x.shape[1] * stride if padding == "SAME" else (x.shape[1] - 1) * stride + w.shape[0]
    shape = (x.shape[0], size, size, w.shape[2])
    return tf.nn.conv2d_transpose(x, w, shape, stride, padding)


def upsample(x):
    return tf.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), "nearest")


OPS = SimpleNamespace(
    matmul=tf.matmul, matmul_bt=lambda a, b: tf.matmul(a, b, transpose_b=True),
    conv=lambda x, w, stride, padding: tf.nn.conv2d(x, w, stride, padding),
    conv_transpose=conv_transpose, upsample=upsample,
    moments=lambda x, axes: tf.nn.moments(x, axes, keepdims=True),
    sigmoid=tf.sigmoid, relu=tf.nn.relu, softplus=tf.nn.softplus, tanh=tf.tanh,
    leaky_relu=lambda x: tf.nn.leaky_relu(x, 0.2), gelu=lambda x: tf.nn.gelu(x, approximate=True),
    softmax=tf.nn.softmax, exp=tf.exp, sqrt=tf.sqrt, rsqrt=tf.math.rsqrt, abs=tf.abs,
    sin=tf.sin, cos=tf.cos, sum=tf.reduce_sum, mean=tf.reduce_mean,
    sum_last=lambda x: tf.reduce_sum(x, -1),
    reshape=tf.reshape, transpose=tf.transpose, concat=tf.concat, split=tf.split,
    gather=tf.gather, range=lambda n: tf.range(n, dtype=tf.float32),
    float=lambda x: tf.cast(x, tf.float32), clip=lambda x: tf.clip_by_value(x, -1.0, 1.0),
    full=lambda n, value: tf.fill((n,), value),
)


class Adam:
    """Adam or AdamW with TensorFlow's fused update; epsilon as the other frameworks mean it."""

    def __init__(self, options, p):
        self.options, self.p = options, p
        self.m = {k: tf.Variable(tf.zeros_like(v)) for k, v in p.items()}
        self.v = {k: tf.Variable(tf.zeros_like(v)) for k, v in p.items()}
        self.t = tf.Variable(0.0)

    def apply(self, gradients):
        o, (b1, b2) = self.options, self.options["betas"]
        t = self.t.assign_add(1.0)
        epsilon = o["eps"] * tf.sqrt(1 - b2**t)
        for k, g in gradients.items():
            if "weight_decay" in o:
                self.p[k].assign(self.p[k] * (1 - o["lr"] * o["weight_decay"]))
            tf.raw_ops.ResourceApplyAdam(
                var=self.p[k].handle, m=self.m[k].handle, v=self.v[k].handle, beta1_power=b1**t,
                beta2_power=b2**t, lr=o["lr"], beta1=b1, beta2=b2, epsilon=epsilon, grad=g,
            )


def random_draws(work):
    config = common.base_of(work)
    batch = config["batch"]
    if work.startswith("vae"):
        return [tf.random.normal((batch, config["latent"]))]
    draws = [tf.random.normal((batch, *common.IMAGE_SHAPES[work]))]
    if work == "score_mlp":
        return draws + [tf.random.uniform((batch,)) * (1 - 1e-5) + 1e-5]
    draws.append(tf.random.uniform((batch,), 0, config["T"], tf.int32))
    if work == "dit_tiny":
        drop = tf.random.uniform((batch,)) < config["label_drop"]
        draws.append(tf.where(drop, config["num_classes"], tf.constant(common.labels(work))))
    return draws


def given_draws(work, step):
    given = common.step_noise(work, step)
    draws = [given["eps"]] + ([given["t"]] if "t" in given else [])
    if "drop" in given:
        classes = common.base_of(work)["num_classes"]
        draws.append(np.where(given["drop"], classes, common.labels(work)).astype(np.int32))
    return [tf.constant(draw) for draw in draws]


def variables(work):
    return {k: tf.Variable(v) for k, v in common.parameters(work).items()}


class Training:
    check_steps = 3

    def __init__(self, work, mode, checking):
        self.work, self.checking, config = work, checking, common.base_of(work)
        self.p, self.x = variables(work), tf.constant(common.data(work))
        self.ema = {k: tf.Variable(v) for k, v in self.p.items()} if "ema" in config else None
        optimizer, loss = Adam(config["optimizer"], self.p), works.loss_of(OPS, work)

        def step(x, *draws):
            draws = draws or random_draws(work)
            with tf.GradientTape() as tape:
                value = loss(self.p, x, *draws)
            optimizer.apply(tape.gradient(value, self.p))
            for k, e in (self.ema or {}).items():
                e.assign(config["ema"] * e + (1 - config["ema"]) * self.p[k])
            return value

        self.run = tf.function(step, autograph=False, jit_compile=mode == "xla")

    def step(self, i):
        return self.run(self.x, *(given_draws(self.work, i) if self.checking else []))

    def sums(self):
        total = lambda named: float(sum(np.abs(v.numpy().astype(np.float64)).sum() for v in named.values()))
        return total(self.p), total(self.ema) if self.ema else None


class Gan:
    check_steps = 3
    ema = None

    def __init__(self, work, mode, checking):
        self.checking, config = checking, common.base_of(work)
        self.p, self.x = variables(work), tf.constant(common.data(work))
        parts = [{k: v for k, v in self.p.items() if k.startswith(name)} for name in ("gen", "disc")]
        gen, disc = parts
        gen_adam, disc_adam = (Adam(config["optimizer"], part) for part in parts)
        moving = {
            k.removesuffix(".gain"): (tf.Variable(tf.zeros_like(v)), tf.Variable(tf.ones_like(v)))
            for k, v in self.p.items() if k.endswith(".gain")
        }

        def step(x, *z):
            z = z[0] if z else tf.random.normal((config["batch"], config["nz"]))
            running = {k: (m.read_value(), v.read_value()) for k, (m, v) in moving.items()}
            with tf.GradientTape(persistent=True) as tape:
                fake = works.generator(OPS, gen, running, z)
            with tf.GradientTape() as d_tape:
                real = works.discriminator(OPS, disc, running, x)
                judged = works.discriminator(OPS, disc, running, fake)
                d_loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(judged))
            disc_adam.apply(d_tape.gradient(d_loss, disc))
            with tf.GradientTape() as g_tape:
                g_tape.watch(fake)
                g_loss = tf.reduce_mean(tf.nn.softplus(-works.discriminator(OPS, disc, running, fake)))
            g_fake = g_tape.gradient(g_loss, fake)
            gen_adam.apply(tape.gradient(fake, gen, output_gradients=g_fake))
            for k, (m, v) in moving.items():
                m.assign(running[k][0])
                v.assign(running[k][1])
            return d_loss + g_loss

        self.run = tf.function(step, autograph=False, jit_compile=mode == "xla")

    def step(self, i):
        z = [tf.constant(common.step_noise("dcgan", i)["z"])] if self.checking else []
        return self.run(self.x, *z)

    sums = Training.sums


class Sampling:
    check_steps = 1
    ema = None

    def __init__(self, work, mode, checking):
        self.checking, config = checking, common.CONFIGS["models"]["ddim"]
        self.p = variables(work)
        alpha_bar = common.alpha_bar(common.base_of(work))
        self.x = tf.constant(common.noise("xT", (config["images"], 32, 32, 1)))
        label = tf.range(config["images"]) % 10 if work == "ddim_cfg" else None
        move = lambda x, t, t_next: works.ddim_move(OPS, self.p, x, t, t_next, alpha_bar, label)
        self.move = tf.function(move, autograph=False, jit_compile=mode == "xla")

    def step(self, i):
        times = [int(t) for t in common.ddim_times(6)]
        x = self.x
        for t, t_next in list(zip(times, times[1:]))[: 5 if self.checking else 1]:
            x = self.move(x, t, t_next)
        return tf.reduce_mean(tf.abs(x))

    sums = Training.sums


def make(work, mode, checking):
    kind = Gan if work == "dcgan" else Sampling if work.startswith("ddim") else Training
    return kind(work, mode, checking)


if __name__ == "__main__":
    common.serve("TensorFlow", tf.__version__, ["function", "xla"], make)
