"""What all speed peers share: the works' parameters, data and noise by hash, and the protocol.

A peer is a process that reads one JSON request a line and answers with one JSON line:

    {"do": "info"}                              -> {"framework", "version", "modes", "works"}
    {"do": "check", "work": W}                  -> {"losses", "weights", "ema"}
    {"do": "prepare", "work": W, "mode": M}     -> {"seconds"}
    {"do": "step", "count": N}                  -> {"ms": [...], "peakRss": bytes}
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

CONFIGS = json.loads((Path(__file__).parent.parent / "works.json").read_text())


def uniform(name, shape):
    """Numbers in [0, 1) that every framework computes alike: a hash of name and position."""
    seed = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = np.uint32((int(seed) ^ byte) * 16777619 & 0xFFFFFFFF)
        h = np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(0x9E3779B1) + seed
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return (h.astype(np.float64) / 2.0**32).astype(np.float32).reshape(shape)


def noise(name, shape):
    """Hash noise of mean 0 and variance 1."""
    return (np.sqrt(3.0) * (2.0 * uniform(name, shape).astype(np.float64) - 1.0)).astype(np.float32)


def parameter(name, shape):
    centred = 2.0 * uniform(name, shape).astype(np.float64) - 1.0
    kind = name.rsplit(".", 1)[1]
    if kind == "bias":
        value = 0.1 * centred
    elif kind == "gain":
        value = 1.0 + 0.1 * centred
    else:
        value = centred * np.sqrt(3.0 * shape[-1] / np.prod(shape))
    return value.astype(np.float32)


def base_of(work):
    """The sampling works use the U-Net of ddpm_unet."""
    return CONFIGS["models"]["ddpm_unet" if work.startswith("ddim") else work]


def parameters(work):
    rows = list(base_of(work)["params"])
    if work == "ddim_cfg":
        rows += CONFIGS["models"]["ddim"]["params_cfg_extra"]
    return {name: parameter(name, shape) for name, shape in rows}


IMAGE_SHAPES = {
    "vae_mlp": (784,),
    "vae_conv": (32, 32, 1),
    "dcgan": (32, 32, 1),
    "ddpm_unet": (32, 32, 1),
    "dit_tiny": (8, 8, 4),
    "score_mlp": (2,),
}


def data(work, index=0):
    """Batch `index`, NHWC: in [0, 1) for the VAEs, in [-1, 1) for the others."""
    x = uniform(f"data{index}", (base_of(work)["batch"], *IMAGE_SHAPES[work]))
    return x if work.startswith("vae") else 2 * x - 1


def labels(work, index=0):
    config = base_of(work)
    return (uniform(f"label{index}", (config["batch"],)) * config["num_classes"]).astype(np.int32)


def step_noise(work, step):
    """The draws of check step `step`, by name."""
    config = base_of(work)
    batch = config["batch"]
    if work.startswith("vae"):
        return {"eps": noise(f"eps{step}", (batch, config["latent"]))}
    if work == "dcgan":
        return {"z": noise(f"z{step}", (batch, config["nz"]))}
    u = uniform(f"t{step}", (batch,))
    draws = {"eps": noise(f"eps{step}", (batch, *IMAGE_SHAPES[work]))}
    if work == "score_mlp":
        return {**draws, "t": u * np.float32(1 - 1e-5) + np.float32(1e-5)}
    draws["t"] = (u * config["T"]).astype(np.int32)
    if work == "dit_tiny":
        draws["drop"] = uniform(f"drop{step}", (batch,)) < config["label_drop"]
    return draws


def alpha_bar(config):
    beta = np.linspace(config["beta_start"], config["beta_end"], config["T"], dtype=np.float64)
    return np.cumprod(1 - beta)


def ddim_times(count):
    config = base_of("ddim")
    times = np.round(np.linspace(0, config["T"] - 1, CONFIGS["models"]["ddim"]["steps"]))
    return times.astype(int)[::-1][:count]


def sincos_2d(size, width):
    """Fixed 2-D positions `[size*size, width]`, the width coordinate first."""
    grid = np.arange(size, dtype=np.float64)
    column, row = np.meshgrid(grid, grid)

    def embed(position):
        frequency = 10000.0 ** -(np.arange(width // 4, dtype=np.float64) / (width // 4))
        angle = position.reshape(-1, 1) * frequency
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)

    return np.concatenate([embed(column), embed(row)], axis=1).astype(np.float32)


def serve(framework, version, modes, make):
    """Answer requests. `make(work, mode, checking)` gives a function step(i) -> loss."""
    stepper = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "info":
            answer = {"framework": framework, "version": version, "modes": modes}
        elif request["do"] == "check":
            work = make(request["work"], modes[0], True)
            losses = [float(work.step(i)) for i in range(work.check_steps)]
            weights, ema = work.sums()
            answer = {"losses": losses, "weights": weights, "ema": ema}
        elif request["do"] == "prepare":
            begin = time.perf_counter()
            stepper = make(request["work"], request["mode"], False)
            for i in range(3):
                float(stepper.step(i))
            answer = {"seconds": time.perf_counter() - begin}
        else:
            times = []
            for i in range(request["count"]):
                begin = time.perf_counter()
                float(stepper.step(i))
                times.append(1000 * (time.perf_counter() - begin))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            answer = {"ms": times, "peakRss": peak}
        print(json.dumps(answer), flush=True)
