"""The works in TensorFlow's layout, written once over the few operations in which TensorFlow and JAX
differ. `ops` gives them; `p` holds the parameters by name."""

import math

import common


def dense(ops, p, name, x):
    return ops.matmul(x, p[f"{name}.kernel"]) + p[f"{name}.bias"]


def conv(ops, p, name, x, stride=1, padding="SAME"):
    y = ops.conv(x, p[f"{name}.kernel"], stride, padding)
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def conv_t(ops, p, name, x, stride=1, padding="SAME"):
    y = ops.conv_transpose(x, p[f"{name}.kernel"], stride, padding)
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def silu(ops, x):
    return x * ops.sigmoid(x)


def vae_loss(ops, logits, x, mean, log_var):
    bce = ops.relu(logits) - logits * x + ops.softplus(-ops.abs(logits))
    kl = 0.5 * (ops.exp(log_var) + mean * mean - 1 - log_var)
    return (ops.sum(bce) + ops.sum(kl)) / x.shape[0]


def vae_mlp(ops, p, x, eps):
    h = ops.relu(dense(ops, p, "enc.hidden", x))
    mean, log_var = dense(ops, p, "enc.mu", h), dense(ops, p, "enc.logvar", h)
    h = ops.relu(dense(ops, p, "dec.hidden", mean + ops.exp(0.5 * log_var) * eps))
    return vae_loss(ops, dense(ops, p, "dec.out", h), x, mean, log_var)


def vae_conv(ops, p, x, eps):
    h = x
    for i in range(3):
        h = ops.relu(conv(ops, p, f"enc.c{i}", h, 2))
    h = ops.reshape(h, (x.shape[0], -1))
    mean, log_var = dense(ops, p, "enc.mu", h), dense(ops, p, "enc.logvar", h)
    h = ops.relu(dense(ops, p, "dec.fc", mean + ops.exp(0.5 * log_var) * eps))
    h = ops.reshape(h, (-1, 4, 4, 128))
    for i in range(3):
        h = conv_t(ops, p, f"dec.t{i}", h, 2)
        h = ops.relu(h) if i < 2 else h
    return vae_loss(ops, h, x, mean, log_var)


def sinusoid(ops, t, size):
    half = size // 2
    frequency = ops.exp(-math.log(10000) * ops.range(half) / half)
    angle = ops.float(t)[:, None] * frequency
    return ops.concat([ops.cos(angle), ops.sin(angle)], 1)


def group_norm(ops, p, name, x, groups):
    n, h, w, c = x.shape
    y = ops.reshape(x, (n, h, w, groups, c // groups))
    mean, var = ops.moments(y, (1, 2, 4))
    y = ops.reshape((y - mean) * ops.rsqrt(var + 1e-5), (n, h, w, c))
    return y * p[f"{name}.gain"] + p[f"{name}.bias"]


def attention(ops, q, k, v):
    weights = ops.softmax(ops.matmul_bt(q, k) / math.sqrt(q.shape[-1]))
    return ops.matmul(weights, v)


def unet_res(ops, p, name, x, temb, groups):
    h = conv(ops, p, f"{name}.conv0", silu(ops, group_norm(ops, p, f"{name}.norm0", x, groups)))
    h = h + dense(ops, p, f"{name}.temb", silu(ops, temb))[:, None, None, :]
    h = conv(ops, p, f"{name}.conv1", silu(ops, group_norm(ops, p, f"{name}.norm1", h, groups)))
    return h + (conv(ops, p, f"{name}.skip", x) if f"{name}.skip.kernel" in p else x)


def unet_attention(ops, p, name, x, groups):
    n, height, width, c = x.shape
    qkv = conv(ops, p, f"{name}.qkv", group_norm(ops, p, f"{name}.norm", x, groups))
    h = attention(ops, *ops.split(ops.reshape(qkv, (n, height * width, 3 * c)), 3, 2))
    return x + conv(ops, p, f"{name}.proj", ops.reshape(h, (n, height, width, c)))


def unet(ops, p, x, t, label=None):
    config = common.base_of("ddpm_unet")
    groups, blocks, levels = config["groups"], config["res_blocks"], len(config["mults"])
    temb = silu(ops, dense(ops, p, "time.dense0", sinusoid(ops, t, config["time_dim"])))
    temb = dense(ops, p, "time.dense1", temb)
    if label is not None:
        temb = temb + ops.gather(p["label.embed"], label)
    block = lambda name, h: unet_res(ops, p, name, h, temb, groups)
    attend = lambda name, h: unet_attention(ops, p, name, h, groups)
    h = conv(ops, p, "conv_in", x)
    skips = [h]
    for level in range(levels):
        for i in range(blocks):
            h = block(f"down.{level}.res.{i}", h)
            if h.shape[1] in config["attn_res"]:
                h = attend(f"down.{level}.attn.{i}", h)
            skips.append(h)
        if level < levels - 1:
            h = conv(ops, p, f"down.{level}.down.conv", h, 2)
            skips.append(h)
    h = block("mid.res1", attend("mid.attn", block("mid.res0", h)))
    for level in range(levels):
        for i in range(blocks + 1):
            h = block(f"up.{level}.res.{i}", ops.concat([h, skips.pop()], 3))
            if h.shape[1] in config["attn_res"]:
                h = attend(f"up.{level}.attn.{i}", h)
        if level < levels - 1:
            h = conv(ops, p, f"up.{level}.up.conv", ops.upsample(h))
    return conv(ops, p, "out.conv", silu(ops, group_norm(ops, p, "out.norm", h, groups)))


def layer_norm(ops, x):
    mean, var = ops.moments(x, (2,))
    return (x - mean) * ops.rsqrt(var + 1e-6)


def dit_block(ops, p, name, h, context, heads):
    n, tokens, width = h.shape
    parts = ops.split(dense(ops, p, f"{name}.ada", context)[:, None, :], 6, 2)
    shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = parts
    u = layer_norm(ops, h) * (1 + scale_a) + shift_a
    qkv = ops.reshape(dense(ops, p, f"{name}.qkv", u), (n, tokens, 3, heads, width // heads))
    qkv = ops.transpose(qkv, (2, 0, 3, 1, 4))
    u = ops.transpose(attention(ops, qkv[0], qkv[1], qkv[2]), (0, 2, 1, 3))
    h = h + gate_a * dense(ops, p, f"{name}.proj", ops.reshape(u, (n, tokens, width)))
    u = layer_norm(ops, h) * (1 + scale_m) + shift_m
    return h + gate_m * dense(ops, p, f"{name}.fc2", ops.gelu(dense(ops, p, f"{name}.fc1", u)))


def dit(ops, p, x, t, label):
    c = common.base_of("dit_tiny")
    n, patch, side = x.shape[0], c["patch"], c["size"] // c["patch"]
    h = ops.reshape(x, (n, side, patch, side, patch, c["in_ch"]))
    h = ops.reshape(ops.transpose(h, (0, 1, 3, 2, 4, 5)), (n, side * side, -1))
    h = dense(ops, p, "embed", h) + common.sincos_2d(side, c["width"])
    temb = silu(ops, dense(ops, p, "time.dense0", sinusoid(ops, t, c["freq_dim"])))
    context = silu(ops, dense(ops, p, "time.dense1", temb) + ops.gather(p["label.embed"], label))
    for i in range(c["depth"]):
        h = dit_block(ops, p, f"block.{i}", h, context, c["heads"])
    shift, scale = ops.split(dense(ops, p, "final.ada", context)[:, None, :], 2, 2)
    h = dense(ops, p, "final.out", layer_norm(ops, h) * (1 + scale) + shift)
    h = ops.reshape(h, (n, side, side, patch, patch, c["in_ch"]))
    return ops.reshape(ops.transpose(h, (0, 1, 3, 2, 4, 5)), (n, c["size"], c["size"], c["in_ch"]))


def denoising_loss(ops, model, alpha_bar, p, x, eps, t, *label):
    a = ops.reshape(ops.gather(alpha_bar, t), (-1, 1, 1, 1))
    error = model(ops, p, ops.sqrt(a) * x + ops.sqrt(1 - a) * eps, t, *label) - eps
    return ops.mean(error * error)


def score_loss(ops, frequency, sigma, p, x, eps, t):
    std = ops.sqrt((sigma ** (2 * t) - 1) / (2 * math.log(sigma)))[:, None]
    angle = 2 * math.pi * t[:, None] * frequency
    wave = ops.concat([ops.sin(angle), ops.cos(angle)], 1)
    h = silu(ops, dense(ops, p, "x", x + std * eps) + dense(ops, p, "t", wave))
    h = silu(ops, dense(ops, p, "h1", silu(ops, dense(ops, p, "h0", h))))
    error = dense(ops, p, "out", h) / std * std + eps
    return ops.mean(ops.sum_last(error * error))


def batch_norm(ops, p, running, name, x):
    """Normalise by the batch's moments; the running ones move in place of `running`."""
    mean, var = ops.moments(x, (0, 1, 2))
    count = x.shape[0] * x.shape[1] * x.shape[2]
    old_mean, old_var = running[name]
    unbiased = ops.reshape(var, (-1,)) * (count / (count - 1))
    running[name] = (0.9 * old_mean + 0.1 * ops.reshape(mean, (-1,)), 0.9 * old_var + 0.1 * unbiased)
    return (x - mean) * ops.rsqrt(var + 1e-5) * p[f"{name}.gain"] + p[f"{name}.bias"]


def generator(ops, p, running, z):
    h = conv_t(ops, p, "gen.t0", z[:, None, None, :], 1, "VALID")
    for i in (1, 2):
        h = ops.relu(batch_norm(ops, p, running, f"gen.n{i - 1}", h))
        h = conv_t(ops, p, f"gen.t{i}", h, 2)
    h = ops.relu(batch_norm(ops, p, running, "gen.n2", h))
    return ops.tanh(conv_t(ops, p, "gen.t3", h, 2))


def discriminator(ops, p, running, x):
    h = ops.leaky_relu(conv(ops, p, "disc.c0", x, 2))
    for i in (1, 2):
        h = batch_norm(ops, p, running, f"disc.n{i}", conv(ops, p, f"disc.c{i}", h, 2))
        h = ops.leaky_relu(h)
    return ops.reshape(conv(ops, p, "disc.c3", h, 1, "VALID"), (-1,))


def ddim_move(ops, p, x, t, t_next, alpha_bar, label=None):
    """One DDIM step; `t_next` of -1 is the clean image."""
    a, b = alpha_bar[t], alpha_bar[t_next] if t_next >= 0 else 1.0
    n, scale = x.shape[0], common.CONFIGS["models"]["ddim"]["cfg_scale"]
    if label is None:
        eps = unet(ops, p, x, ops.full(n, t))
    else:
        none = ops.full(n, 10)
        both = unet(ops, p, ops.concat([x, x], 0), ops.full(2 * n, t), ops.concat([label, none], 0))
        conditional, unconditional = ops.split(both, 2, 0)
        eps = unconditional + scale * (conditional - unconditional)
    x0 = ops.clip((x - math.sqrt(1 - a) * eps) / math.sqrt(a))
    beside = (x - math.sqrt(a) * x0) / math.sqrt(1 - a)  # the noise, if that is x0
    return math.sqrt(b) * x0 + math.sqrt(1 - b) * beside


def loss_of(ops, work):
    """loss(p, x, *draws) of a work that trains one network."""
    config = common.base_of(work)
    if work in ("vae_mlp", "vae_conv"):
        model = vae_mlp if work == "vae_mlp" else vae_conv
        return lambda p, x, eps: model(ops, p, x, eps)
    if work == "score_mlp":
        frequency = 16 * common.noise("fourier.freq", (config["fourier"],))
        return lambda p, x, eps, t: score_loss(ops, frequency, config["sigma"], p, x, eps, t)
    alpha_bar = common.alpha_bar(config).astype("float32")
    model = dit if work == "dit_tiny" else unet
    return lambda p, x, *draws: denoising_loss(ops, model, alpha_bar, p, x, *draws)
