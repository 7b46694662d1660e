"""The eight works in JAX: the whole step jitted, parameters and moments donated."""

import os
from types import SimpleNamespace

threads = os.environ.get("BENCH_THREADS", "2")
os.environ.setdefault("XLA_FLAGS", f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={threads}")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

import common
import nhwc_works as works

NHWC = ("NHWC", "HWIO", "NHWC")


def conv(x, w, stride, padding):
    return jax.lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=NHWC)


def conv_transpose(x, w, stride, padding):
    # The kernel is [h, w, out, in], as TensorFlow keeps it.
    return jax.lax.conv_transpose(
        x, w, (stride, stride), padding, dimension_numbers=NHWC, transpose_kernel=True
    )


def moments(x, axes):
    return jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)


OPS = SimpleNamespace(
    matmul=jnp.matmul, matmul_bt=lambda a, b: a @ jnp.swapaxes(b, -1, -2),
    conv=conv, conv_transpose=conv_transpose, moments=moments,
    upsample=lambda x: jnp.repeat(jnp.repeat(x, 2, 1), 2, 2),
    sigmoid=jax.nn.sigmoid, relu=jax.nn.relu, softplus=jax.nn.softplus, tanh=jnp.tanh,
    leaky_relu=lambda x: jax.nn.leaky_relu(x, 0.2), gelu=lambda x: jax.nn.gelu(x, approximate=True),
    softmax=jax.nn.softmax, exp=jnp.exp, sqrt=jnp.sqrt, rsqrt=jax.lax.rsqrt, abs=jnp.abs,
    sin=jnp.sin, cos=jnp.cos, sum=jnp.sum, mean=jnp.mean, sum_last=lambda x: x.sum(-1),
    reshape=jnp.reshape, transpose=jnp.transpose, concat=jnp.concatenate, split=jnp.split,
    gather=lambda table, i: jnp.asarray(table)[i], range=lambda n: jnp.arange(n, dtype=jnp.float32),
    float=lambda x: x.astype(jnp.float32), clip=lambda x: jnp.clip(x, -1, 1),
    full=lambda n, value: jnp.full((n,), value, jnp.int32),
)


def adam(options, p, m, v, g, t):
    b1, b2 = options["betas"]
    decay = options.get("weight_decay", 0.0)
    lr = options["lr"]
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, g)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, g)
    change = lambda p, m, v: p * (1 - lr * decay) - lr * (m / (1 - b1**t)) / (
        jnp.sqrt(v / (1 - b2**t)) + options["eps"]
    )
    return jax.tree.map(change, p, m, v), m, v


def random_draws(work, key):
    config = common.base_of(work)
    batch = config["batch"]
    keys = jax.random.split(key, 3)
    if work.startswith("vae"):
        return [jax.random.normal(keys[0], (batch, config["latent"]))]
    draws = [jax.random.normal(keys[0], (batch, *common.IMAGE_SHAPES[work]))]
    if work == "score_mlp":
        return draws + [jax.random.uniform(keys[1], (batch,)) * (1 - 1e-5) + 1e-5]
    draws.append(jax.random.randint(keys[1], (batch,), 0, config["T"]))
    if work == "dit_tiny":
        drop = jax.random.uniform(keys[2], (batch,)) < config["label_drop"]
        draws.append(jnp.where(drop, config["num_classes"], common.labels(work)))
    return draws


def given_draws(work, step):
    given = common.step_noise(work, step)
    draws = [given["eps"]] + ([given["t"]] if "t" in given else [])
    if "drop" in given:
        config = common.base_of(work)
        draws.append(np.where(given["drop"], config["num_classes"], common.labels(work)))
    return [jnp.asarray(draw) for draw in draws]


class Training:
    check_steps = 3

    def __init__(self, work, mode, checking):
        self.work, self.checking = work, checking
        config, loss = common.base_of(work), works.loss_of(OPS, work)
        p = {k: jnp.asarray(v) for k, v in common.parameters(work).items()}
        zeros = jax.tree.map(jnp.zeros_like, p)
        ema = jax.tree.map(jnp.copy, p) if "ema" in config else None
        self.state = (p, zeros, jax.tree.map(jnp.copy, zeros), ema)
        self.x = jnp.asarray(common.data(work))
        self.key, self.t = jax.random.key(0), 0

        def step(state, x, t, draws):
            p, m, v, ema = state
            value, g = jax.value_and_grad(loss)(p, x, *draws)
            p, m, v = adam(config["optimizer"], p, m, v, g, t)
            if ema is not None:
                decay = config["ema"]
                ema = jax.tree.map(lambda e, p: decay * e + (1 - decay) * p, ema, p)
            return (p, m, v, ema), value

        def drawn_step(state, x, t, key):
            return step(state, x, t, random_draws(work, jax.random.fold_in(key, t)))

        self.run = jax.jit(step if checking else drawn_step, donate_argnums=0)

    def step(self, i):
        self.t += 1
        source = given_draws(self.work, i) if self.checking else self.key
        self.state, loss = self.run(self.state, self.x, self.t, source)
        return loss

    def sums(self):
        total = lambda tree: float(sum(np.abs(np.asarray(v, np.float64)).sum() for v in tree.values()))
        return total(self.state[0]), total(self.state[3]) if self.state[3] else None


class Gan(Training):
    def __init__(self, work, mode, checking):
        self.work, self.checking, config = work, checking, common.base_of(work)
        p = {k: jnp.asarray(v) for k, v in common.parameters(work).items()}
        running = {
            k.removesuffix(".gain"): (jnp.zeros_like(v), jnp.ones_like(v))
            for k, v in p.items() if k.endswith(".gain")
        }
        zeros = jax.tree.map(jnp.zeros_like, p)
        self.state = (p, zeros, jax.tree.map(jnp.copy, zeros), running)
        self.x, self.key, self.t = jnp.asarray(common.data(work)), jax.random.key(0), 0
        part = lambda tree, name: {k: v for k, v in tree.items() if k.startswith(name)}

        def step(state, x, t, z):
            p, m, v, running = state
            running = dict(running)
            gen, disc = part(p, "gen"), part(p, "disc")

            def generate(gen):
                local = dict(running)
                return works.generator(OPS, gen, local, z), local

            fake, pull, running = jax.vjp(generate, gen, has_aux=True)

            def d_loss(disc):
                local = dict(running)
                real = works.discriminator(OPS, disc, local, x)
                judged = works.discriminator(OPS, disc, local, fake)
                loss = jax.nn.softplus(-real).mean() + jax.nn.softplus(judged).mean()
                return loss, local

            (value_d, running), g = jax.value_and_grad(d_loss, has_aux=True)(disc)
            disc, dm, dv = adam(config["optimizer"], disc, part(m, "disc"), part(v, "disc"), g, t)

            def g_loss(fake):
                local = dict(running)
                return jax.nn.softplus(-works.discriminator(OPS, disc, local, fake)).mean(), local

            (value_g, running), g_fake = jax.value_and_grad(g_loss, has_aux=True)(fake)
            (g,) = pull(g_fake)
            gen, gm, gv = adam(config["optimizer"], gen, part(m, "gen"), part(v, "gen"), g, t)
            return ({**gen, **disc}, {**gm, **dm}, {**gv, **dv}, running), value_d + value_g

        def drawn_step(state, x, t, key):
            z = jax.random.normal(jax.random.fold_in(key, t), (config["batch"], config["nz"]))
            return step(state, x, t, z)

        self.run = jax.jit(step if checking else drawn_step, donate_argnums=0)

    def step(self, i):
        self.t += 1
        source = jnp.asarray(common.step_noise("dcgan", i)["z"]) if self.checking else self.key
        self.state, loss = self.run(self.state, self.x, self.t, source)
        return loss

    def sums(self):
        return Training.sums(SimpleNamespace(state=(self.state[0], None, None, None)))


class Sampling:
    check_steps = 1

    def __init__(self, work, mode, checking):
        self.checking, config = checking, common.CONFIGS["models"]["ddim"]
        self.p = {k: jnp.asarray(v) for k, v in common.parameters(work).items()}
        self.alpha_bar = common.alpha_bar(common.base_of(work))
        self.x = jnp.asarray(common.noise("xT", (config["images"], 32, 32, 1)))
        label = jnp.arange(config["images"]) % 10 if work == "ddim_cfg" else None
        move = lambda p, x, t, t_next: works.ddim_move(OPS, p, x, t, t_next, self.alpha_bar, label)
        self.move = jax.jit(move, static_argnums=(2, 3))

    def step(self, i):
        times = [int(t) for t in common.ddim_times(6)]
        x = self.x
        for t, t_next in list(zip(times, times[1:]))[: 5 if self.checking else 1]:
            x = self.move(self.p, x, t, t_next)
        return jnp.abs(x).mean()

    def sums(self):
        return Training.sums(SimpleNamespace(state=(self.p, None, None, None)))


def make(work, mode, checking):
    kind = Gan if work == "dcgan" else Sampling if work.startswith("ddim") else Training
    return kind(work, mode, checking)


if __name__ == "__main__":
    common.serve("JAX", jax.__version__, ["jit"], make)
