"""The eight works in PyTorch: eager, channels-last memory, and torch.compile."""

import math
import os

import numpy as np
import torch
import torch.nn.functional as F

import common

torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "2")))
MODES = ["eager", "channels_last", "compile"]


def layout(name, value):
    """From TensorFlow's layout to PyTorch's: HWIO to OIHW (transposed: HWOI to IOHW)."""
    if value.ndim == 4:
        value = value.transpose(3, 2, 0, 1)
    elif value.ndim == 2 and name.endswith("kernel"):
        value = value.T
    return np.ascontiguousarray(value)


def nchw(x):
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))) if x.ndim == 4 else torch.from_numpy(x)


class Net:
    """Parameters by name, and the layers that use them."""

    def __init__(self, work, channels_last=False):
        self.p = {}
        for name, value in common.parameters(work).items():
            tensor = torch.from_numpy(layout(name, value))
            if channels_last and tensor.ndim == 4:
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            self.p[name] = tensor.requires_grad_()

    def dense(self, name, x):
        return F.linear(x, self.p[f"{name}.kernel"], self.p[f"{name}.bias"])

    def conv(self, name, x, **options):
        return F.conv2d(x, self.p[f"{name}.kernel"], self.p.get(f"{name}.bias"), **options)

    def conv_t(self, name, x, **options):
        return F.conv_transpose2d(x, self.p[f"{name}.kernel"], self.p.get(f"{name}.bias"), **options)


def vae_loss(logits, x, mean, log_var):
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = 0.5 * (log_var.exp() + mean.square() - 1 - log_var).sum()
    return (reconstruction + kl) / x.shape[0]


def vae_mlp(net, x, eps):
    h = net.dense("enc.hidden", x).relu()
    mean, log_var = net.dense("enc.mu", h), net.dense("enc.logvar", h)
    z = mean + (0.5 * log_var).exp() * eps
    return vae_loss(net.dense("dec.out", net.dense("dec.hidden", z).relu()), x, mean, log_var)


def vae_conv(net, x, eps):
    h = x
    for i in range(3):
        h = net.conv(f"enc.c{i}", h, stride=2, padding=1).relu()
    h = h.permute(0, 2, 3, 1).flatten(1)
    mean, log_var = net.dense("enc.mu", h), net.dense("enc.logvar", h)
    z = mean + (0.5 * log_var).exp() * eps
    h = net.dense("dec.fc", z).relu().reshape(-1, 4, 4, 128).permute(0, 3, 1, 2)
    for i in range(3):
        h = net.conv_t(f"dec.t{i}", h, stride=2, padding=1)
        h = h.relu() if i < 2 else h
    return vae_loss(h, x, mean, log_var)


def sinusoid(t, size):
    half = size // 2
    frequency = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
    angle = t.float()[:, None] * frequency
    return torch.cat([angle.cos(), angle.sin()], dim=1)


class Unet:
    def __init__(self, net):
        self.net, self.config = net, common.base_of("ddpm_unet")

    def norm(self, name, x):
        p = self.net.p
        return F.group_norm(x, self.config["groups"], p[f"{name}.gain"], p[f"{name}.bias"])

    def res(self, name, x, temb):
        net = self.net
        h = net.conv(f"{name}.conv0", F.silu(self.norm(f"{name}.norm0", x)), padding=1)
        h = h + net.dense(f"{name}.temb", F.silu(temb))[:, :, None, None]
        h = net.conv(f"{name}.conv1", F.silu(self.norm(f"{name}.norm1", h)), padding=1)
        return h + (net.conv(f"{name}.skip", x) if f"{name}.skip.kernel" in net.p else x)

    def attention(self, name, x):
        qkv = self.net.conv(f"{name}.qkv", self.norm(f"{name}.norm", x))
        q, k, v = qkv.flatten(2).transpose(1, 2).chunk(3, dim=2)
        h = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        return x + self.net.conv(f"{name}.proj", h.transpose(1, 2).reshape(x.shape))

    def __call__(self, x, t, label=None):
        net, blocks, levels = self.net, self.config["res_blocks"], len(self.config["mults"])
        temb = net.dense("time.dense0", sinusoid(t, self.config["time_dim"]))
        temb = net.dense("time.dense1", F.silu(temb))
        if label is not None:
            temb = temb + net.p["label.embed"][label]
        h = net.conv("conv_in", x, padding=1)
        skips = [h]
        for level in range(levels):
            for i in range(blocks):
                h = self.res(f"down.{level}.res.{i}", h, temb)
                if h.shape[2] in self.config["attn_res"]:
                    h = self.attention(f"down.{level}.attn.{i}", h)
                skips.append(h)
            if level < levels - 1:
                h = net.conv(f"down.{level}.down.conv", F.pad(h, (0, 1, 0, 1)), stride=2)
                skips.append(h)
        h = self.res("mid.res1", self.attention("mid.attn", self.res("mid.res0", h, temb)), temb)
        for level in range(levels):
            for i in range(blocks + 1):
                h = self.res(f"up.{level}.res.{i}", torch.cat([h, skips.pop()], dim=1), temb)
                if h.shape[2] in self.config["attn_res"]:
                    h = self.attention(f"up.{level}.attn.{i}", h)
            if level < levels - 1:
                h = net.conv(f"up.{level}.up.conv", F.interpolate(h, scale_factor=2), padding=1)
        return net.conv("out.conv", F.silu(self.norm("out.norm", h)), padding=1)


def denoising_loss(model, alpha_bar, x, eps, t, *label):
    a = alpha_bar[t].reshape(-1, *[1] * (x.ndim - 1))
    return (model(a.sqrt() * x + (1 - a).sqrt() * eps, t, *label) - eps).square().mean()


class Dit:
    def __init__(self, net):
        self.net, self.config = net, common.base_of("dit_tiny")
        tokens = self.config["size"] // self.config["patch"]
        self.position = torch.from_numpy(common.sincos_2d(tokens, self.config["width"]))

    def __call__(self, x, t, label):
        net, c = self.net, self.config
        n, patch, width = x.shape[0], c["patch"], c["width"]
        side = c["size"] // patch
        h = x.permute(0, 2, 3, 1).reshape(n, side, patch, side, patch, c["in_ch"])
        h = h.permute(0, 1, 3, 2, 4, 5).reshape(n, side * side, -1)
        h = net.dense("embed", h) + self.position
        temb = F.silu(net.dense("time.dense0", sinusoid(t, c["freq_dim"])))
        context = F.silu(net.dense("time.dense1", temb) + net.p["label.embed"][label])
        for i in range(c["depth"]):
            h = self.block(f"block.{i}", h, context)
        shift, scale = net.dense("final.ada", context)[:, None].chunk(2, dim=2)
        h = F.layer_norm(h, (width,), eps=1e-6) * (1 + scale) + shift
        h = net.dense("final.out", h).reshape(n, side, side, patch, patch, c["in_ch"])
        h = h.permute(0, 1, 3, 2, 4, 5).reshape(n, c["size"], c["size"], c["in_ch"])
        return h.permute(0, 3, 1, 2)

    def block(self, name, h, context):
        net, heads, width = self.net, self.config["heads"], self.config["width"]
        parts = net.dense(f"{name}.ada", context)[:, None].chunk(6, dim=2)
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = parts
        u = F.layer_norm(h, (width,), eps=1e-6) * (1 + scale_a) + shift_a
        qkv = net.dense(f"{name}.qkv", u).reshape(*h.shape[:2], 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        u = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(h.shape)
        h = h + gate_a * net.dense(f"{name}.proj", u)
        u = F.layer_norm(h, (width,), eps=1e-6) * (1 + scale_m) + shift_m
        u = F.gelu(net.dense(f"{name}.fc1", u), approximate="tanh")
        return h + gate_m * net.dense(f"{name}.fc2", u)


def score_loss(net, frequency, sigma, x, eps, t):
    std = ((sigma ** (2 * t) - 1) / (2 * math.log(sigma))).sqrt()[:, None]
    angle = 2 * math.pi * t[:, None] * frequency
    h = net.dense("x", x + std * eps) + net.dense("t", torch.cat([angle.sin(), angle.cos()], 1))
    h = F.silu(net.dense("h0", F.silu(h)))
    score = net.dense("out", F.silu(net.dense("h1", h))) / std
    return (score * std + eps).square().sum(1).mean()


class Training:
    """A work that trains one network."""

    check_steps = 3

    def __init__(self, work, mode, checking):
        self.work, self.checking = work, checking
        self.config = common.base_of(work)
        self.channels_last = mode == "channels_last"
        self.net = Net(work, self.channels_last)
        options = self.config["optimizer"]
        kind = torch.optim.AdamW if options["name"] == "adamw" else torch.optim.Adam
        more = {"weight_decay": options["weight_decay"]} if options["name"] == "adamw" else {}
        self.optimizer = kind(
            self.net.p.values(), options["lr"], options["betas"], options["eps"], **more
        )
        decay = self.config.get("ema")
        self.ema = {k: v.detach().clone() for k, v in self.net.p.items()} if decay else None
        self.loss = self.loss_function()
        if mode == "compile":
            self.loss = torch.compile(self.loss)
        self.x = self.image(common.data(work))
        self.label = torch.from_numpy(common.labels(work)).long() if work == "dit_tiny" else None

    def image(self, x):
        x = nchw(x)
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.ndim == 4 else x

    def loss_function(self):
        net, c = self.net, self.config
        if self.work == "vae_mlp":
            return lambda x, eps: vae_mlp(net, x, eps)
        if self.work == "vae_conv":
            return lambda x, eps: vae_conv(net, x, eps)
        if self.work == "score_mlp":
            frequency = 16 * torch.from_numpy(common.noise("fourier.freq", (c["fourier"],)))
            return lambda x, eps, t: score_loss(net, frequency, c["sigma"], x, eps, t)
        alpha_bar = torch.from_numpy(common.alpha_bar(c)).float()
        model = Dit(net) if self.work == "dit_tiny" else Unet(net)
        return lambda x, *draws: denoising_loss(model, alpha_bar, x, *draws)

    def draws(self, step):
        c, x = self.config, self.x
        if self.checking:
            given = {k: v for k, v in common.step_noise(self.work, step).items()}
            drop = torch.from_numpy(given.pop("drop")) if "drop" in given else None
            draws = [self.image(given["eps"]) if given["eps"].ndim == 4 else torch.from_numpy(given["eps"])]
            if "t" in given:
                t = torch.from_numpy(given["t"])
                draws.append(t.long() if t.dtype == torch.int32 else t)
        else:
            drop = torch.rand(c["batch"]) < c["label_drop"] if "label_drop" in c else None
            latent = (c["batch"], c["latent"]) if "latent" in c else None
            draws = [torch.randn(latent) if latent else torch.randn_like(x)]
            if "T" in c:
                draws.append(torch.randint(0, c["T"], (c["batch"],)))
            elif self.work == "score_mlp":
                draws.append(torch.rand(c["batch"]) * (1 - 1e-5) + 1e-5)
        if drop is not None:
            draws.append(torch.where(drop, c["num_classes"], self.label))
        return draws

    def step(self, i):
        loss = self.loss(self.x, *self.draws(i))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if self.ema:
            with torch.no_grad():
                torch._foreach_lerp_(
                    list(self.ema.values()), list(self.net.p.values()), 1 - self.config["ema"]
                )
        return loss.item()

    def sums(self):
        total = lambda named: sum(v.detach().double().abs().sum().item() for v in named.values())
        return total(self.net.p), total(self.ema) if self.ema else None


class Gan:
    """DCGAN: the discriminator on real and fake batches, then the generator through it."""

    check_steps = 3

    def __init__(self, work, mode, checking):
        self.checking, self.config = checking, common.base_of(work)
        self.channels_last = mode == "channels_last"
        self.net = Net(work, self.channels_last)
        o, p = self.config["optimizer"], self.net.p
        parts = [[v for k, v in p.items() if k.startswith(part)] for part in ("gen", "disc")]
        self.g_parameters, self.d_parameters = parts
        self.g_adam, self.d_adam = (torch.optim.Adam(w, o["lr"], o["betas"], o["eps"]) for w in parts)
        self.running = {
            k.removesuffix(".gain"): (torch.zeros_like(v.detach()), torch.ones_like(v.detach()))
            for k, v in p.items() if k.endswith(".gain")
        }
        self.x = nchw(common.data(work))
        self.generate, self.judge = self.generator, self.discriminator
        if mode == "compile":
            self.generate, self.judge = torch.compile(self.generator), torch.compile(self.discriminator)

    def norm(self, name, x):
        mean, var = self.running[name]
        p = self.net.p
        return F.batch_norm(
            x, mean, var, p[f"{name}.gain"], p[f"{name}.bias"], training=True, momentum=0.1, eps=1e-5
        )

    def generator(self, z):
        h = self.net.conv_t("gen.t0", z[:, :, None, None])
        for i in (1, 2):
            h = self.norm(f"gen.n{i - 1}", h).relu()
            h = self.net.conv_t(f"gen.t{i}", h, stride=2, padding=1)
        h = self.norm("gen.n2", h).relu()
        return self.net.conv_t("gen.t3", h, stride=2, padding=1).tanh()

    def discriminator(self, x):
        h = F.leaky_relu(self.net.conv("disc.c0", x, stride=2, padding=1), 0.2)
        for i in (1, 2):
            h = self.net.conv(f"disc.c{i}", h, stride=2, padding=1)
            h = F.leaky_relu(self.norm(f"disc.n{i}", h), 0.2)
        return self.net.conv("disc.c3", h).flatten()

    def step(self, i):
        shape = (self.config["batch"], self.config["nz"])
        z = torch.from_numpy(common.noise(f"z{i}", shape)) if self.checking else torch.randn(shape)
        fake = self.generate(z)
        d_loss = F.softplus(-self.judge(self.x)).mean() + F.softplus(self.judge(fake.detach())).mean()
        for p, g in zip(self.d_parameters, torch.autograd.grad(d_loss, self.d_parameters)):
            p.grad = g
        self.d_adam.step()
        g_loss = F.softplus(-self.judge(fake)).mean()
        for p, g in zip(self.g_parameters, torch.autograd.grad(g_loss, self.g_parameters)):
            p.grad = g
        self.g_adam.step()
        return (d_loss + g_loss).item()

    sums = Training.sums
    ema = None


class Sampling:
    """DDIM; timed per step of 16 images, checked by the mean |x| after five steps."""

    check_steps = 1

    def __init__(self, work, mode, checking):
        self.guided = work == "ddim_cfg"
        self.config = common.CONFIGS["models"]["ddim"]
        self.net = Net(work, mode == "channels_last")
        for p in self.net.p.values():
            p.requires_grad_(False)
        self.model = torch.compile(Unet(self.net)) if mode == "compile" else Unet(self.net)
        self.alpha_bar = common.alpha_bar(common.base_of(work))
        self.checking = checking
        self.x = nchw(common.noise("xT", (self.config["images"], 32, 32, 1)))
        self.label = torch.arange(self.config["images"]) % 10

    def predict(self, x, t):
        times = torch.full((x.shape[0],), int(t))
        if not self.guided:
            return self.model(x, times)
        label = torch.cat([self.label, torch.full_like(self.label, 10)])
        both = self.model(torch.cat([x, x]), torch.cat([times, times]), label)
        conditional, unconditional = both.chunk(2)
        return unconditional + self.config["cfg_scale"] * (conditional - unconditional)

    @torch.no_grad()
    def move(self, x, t, t_next):
        a, b = self.alpha_bar[t], self.alpha_bar[t_next] if t_next >= 0 else 1.0
        eps = self.predict(x, t)
        x0 = ((x - math.sqrt(1 - a) * eps) / math.sqrt(a)).clamp(-1, 1)
        beside = (x - math.sqrt(a) * x0) / math.sqrt(1 - a)  # the noise, if that is x0
        return math.sqrt(b) * x0 + math.sqrt(1 - b) * beside

    def step(self, i):
        times = common.ddim_times(6)
        if not self.checking:
            return self.move(self.x, times[0], times[1]).abs().mean().item()
        x = self.x
        for t, t_next in zip(times[:5], times[1:]):
            x = self.move(x, t, t_next)
        return x.abs().mean().item()

    sums = Training.sums
    ema = None


def make(work, mode, checking):
    kind = Gan if work == "dcgan" else Sampling if work.startswith("ddim") else Training
    return kind(work, mode, checking)


if __name__ == "__main__":
    common.serve("PyTorch", torch.__version__, MODES, make)
