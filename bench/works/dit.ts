import { nn, Rng, tf } from "latentlab";

const [WIDTH, HEADS, DEPTH, PATCH, SIDE, CHANNELS] = [192, 3, 6, 2, 4, 4];

class Block extends nn.Module {
  readonly qkv: nn.Dense;
  readonly proj: nn.Dense;
  readonly fc1: nn.Dense;
  readonly fc2: nn.Dense;
  readonly ada: nn.Dense;
  private readonly norm = new nn.LayerNorm(WIDTH, { epsilon: 1e-6, isAffine: false });

  constructor(rng: Rng) {
    super();
    this.qkv = new nn.Dense(WIDTH, 3 * WIDTH, rng);
    this.proj = new nn.Dense(WIDTH, WIDTH, rng);
    this.fc1 = new nn.Dense(WIDTH, 4 * WIDTH, rng);
    this.fc2 = new nn.Dense(4 * WIDTH, WIDTH, rng);
    this.ada = new nn.Dense(WIDTH, 6 * WIDTH, rng);
  }

  forward(h: tf.Tensor, context: tf.Tensor): tf.Tensor {
    const parts = tf.split(this.ada.forward(context).expandDims(1), 6, 2); // (B, 1, W) each
    const [shiftA, scaleA, gateA, shiftM, scaleM, gateM] = parts as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const seen = this.norm.forward(h).mul(scaleA.add(1)).add(shiftA);
    const [q, k, v] = tf
      .split(this.qkv.forward(seen), 3, 2)
      .map((part) => nn.splitHeads(part, HEADS)) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const mixed = h.add(gateA.mul(this.proj.forward(nn.mergeHeads(nn.attention(q, k, v)))));
    const wide = this.fc1.forward(this.norm.forward(mixed).mul(scaleM.add(1)).add(shiftM));
    return mixed.add(gateM.mul(this.fc2.forward(nn.geluTanh(wide))));
  }
}

/** The DiT of works.json: adaLN-Zero blocks on 8 × 8 × 4 latents in patches of 2. */
export class Dit extends nn.Module {
  readonly embed: nn.Dense;
  readonly time: { readonly dense0: nn.Dense; readonly dense1: nn.Dense };
  readonly label: nn.LabelEmbedding;
  readonly block: readonly Block[];
  readonly final: { readonly ada: nn.Dense; readonly out: nn.Dense };
  private readonly norm = new nn.LayerNorm(WIDTH, { epsilon: 1e-6, isAffine: false });

  constructor(rng: Rng) {
    super();
    const patchFeatures = PATCH ** 2 * CHANNELS;
    this.embed = new nn.Dense(patchFeatures, WIDTH, rng);
    this.time = { dense0: new nn.Dense(256, WIDTH, rng), dense1: new nn.Dense(WIDTH, WIDTH, rng) };
    this.label = new nn.LabelEmbedding(10, WIDTH, rng);
    this.block = Array.from({ length: DEPTH }, () => new Block(rng));
    this.final = {
      ada: new nn.Dense(WIDTH, 2 * WIDTH, rng),
      out: new nn.Dense(WIDTH, patchFeatures, rng),
    };
  }

  forward(x: tf.Tensor4D, t: tf.Tensor1D, labels: tf.Tensor1D): tf.Tensor4D {
    return tf.tidy(() => {
      const time = this.time.dense0.forward(nn.sinusoidalEmbedding(t, 256));
      const embedded = this.time.dense1.forward(nn.silu(time)).add(this.label.forward(labels));
      const context = nn.silu(embedded); // (B, W)
      const tokens = this.embed.forward(nn.patchify(x, PATCH)); // (B, 16, W)
      const positions = nn.gridEmbedding(SIDE, SIDE, WIDTH); // (16, W)
      const h = this.block.reduce<tf.Tensor>(
        (state, block) => block.forward(state, context),
        tokens.add(positions),
      );
      const parts = tf.split(this.final.ada.forward(context).expandDims(1), 2, 2);
      const [shift, scale] = parts as [tf.Tensor, tf.Tensor];
      const out = this.final.out.forward(this.norm.forward(h).mul(scale.add(1)).add(shift));
      return nn.unpatchify(out as tf.Tensor3D, PATCH, [SIDE, SIDE]);
    });
  }
}
