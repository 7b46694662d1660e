/** One numbered equation: a claim of the review, or one of the papers behind it. */
export interface Equation {
  readonly title: string;
  /** The correct form; where the print differs, the notebook says so in its errata. */
  readonly latex: string;
}

/** The equations, algorithm and table of the review. */
export const REVIEW_EQUATIONS = {
  "R.1": {
    title: "Gradient of the log evidence",
    latex: String.raw`\nabla_\theta \log p_\theta(x) = \mathbb{E}_{p_\theta(z \mid x)}\left[\nabla_\theta \log p_\theta(x, z)\right]`,
  },
  "R.2": {
    title: "Kullback–Leibler divergence",
    latex: String.raw`D_\mathrm{KL}(q \,\|\, p) = \int q(z) \log \frac{q(z)}{p(z)} \, dz`,
  },
  "R.3": {
    title: "Evidence lower bound",
    latex: String.raw`\log p_\theta(x) \ge \mathbb{E}_{q_\phi(z \mid x)}\left[\log p_\theta(x \mid z)\right] - D_\mathrm{KL}\left(q_\phi(z \mid x) \,\|\, p(z)\right)`,
  },
  "R.4": {
    title: "Minimax game of a GAN",
    latex: String.raw`\min_G \max_D \; \mathbb{E}_{x \sim p_\mathrm{data}}\left[\log D(x)\right] + \mathbb{E}_{z \sim p(z)}\left[\log(1 - D(G(z)))\right]`,
  },
  "R.5": {
    title: "Minimax game of a conditional GAN",
    latex: String.raw`\min_G \max_D \; \mathbb{E}_{x, y}\left[\log D(x, y)\right] + \mathbb{E}_{z, y}\left[\log(1 - D(G(z, y), y))\right]`,
  },
  "R.6": {
    title: "One step of the forward process",
    latex: String.raw`q(x_t \mid x_{t-1}) = \mathcal{N}\left(\sqrt{1 - \beta_t}\, x_{t-1},\; \beta_t I\right)`,
  },
  "R.7": {
    title: "Chain of the forward process",
    latex: String.raw`q(x_{1:T} \mid x_0) = \prod_{t=1}^{T} q(x_t \mid x_{t-1})`,
  },
  "R.8": {
    title: "Forward process in one jump",
    latex: String.raw`q(x_t \mid x_0) = \mathcal{N}\left(\sqrt{\bar\alpha_t}\, x_0,\; (1 - \bar\alpha_t) I\right), \quad \bar\alpha_t = \prod_{s=1}^{t} (1 - \beta_s)`,
  },
  "R.9": {
    title: "One step of the reverse process",
    latex: String.raw`p_\theta(x_{t-1} \mid x_t) = \mathcal{N}\left(\mu_\theta(x_t, t),\; \Sigma_\theta(x_t, t)\right)`,
  },
  "R.10": {
    title: "Chain of the reverse process",
    latex: String.raw`p_\theta(x_{0:T}) = p(x_T) \prod_{t=1}^{T} p_\theta(x_{t-1} \mid x_t)`,
  },
  "R.11": {
    title: "Variational bound of a diffusion model",
    latex: String.raw`\log p_\theta(x_0) \ge \mathbb{E}_q\left[\log \frac{p_\theta(x_{0:T})}{q(x_{1:T} \mid x_0)}\right]`,
  },
  "R.12": {
    title: "Terms of the variational bound",
    latex: String.raw`-\log p_\theta(x_0) \le L_T + \sum_{t=2}^{T} L_{t-1} + L_0`,
  },
  "R.13": {
    title: "Simplified denoising loss",
    latex: String.raw`L_\mathrm{simple} = \mathbb{E}_{t, x_0, \epsilon}\left\|\epsilon - \epsilon_\theta\left(\sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon,\; t\right)\right\|^2`,
  },
  "R.14": {
    title: "Conditional reverse chain",
    latex: String.raw`p_\theta(x_{0:T} \mid y) = p(x_T) \prod_{t=1}^{T} p_\theta(x_{t-1} \mid x_t, y)`,
  },
  "R.15": {
    title: "Guided score",
    latex: String.raw`\nabla_{x_t} \log p(x_t) + s \, \nabla_{x_t} \log p(y \mid x_t)`,
  },
  "R.16": {
    title: "Mean under classifier guidance",
    latex: String.raw`\hat\mu(x_t \mid y) = \mu_\theta(x_t, t) + s \, \Sigma_\theta(x_t, t) \, \nabla_{x_t} \log p_\phi(y \mid x_t, t)`,
  },
  "R.17": {
    title: "Classifier-free guidance",
    latex: String.raw`\hat\epsilon(x_t, t, y) = \epsilon_\theta(x_t, t, \varnothing) + s \left(\epsilon_\theta(x_t, t, y) - \epsilon_\theta(x_t, t, \varnothing)\right)`,
  },
  "R.18": {
    title: "Explicit score matching",
    latex: String.raw`\mathbb{E}_{p(x)}\left\|s_\theta(x) - \nabla_x \log p(x)\right\|^2`,
  },
  "R.19": {
    title: "Data at several noise scales",
    latex: String.raw`p_{\sigma_i}(\tilde x) = \int p(x) \, \mathcal{N}(\tilde x;\, x,\, \sigma_i^2 I) \, dx`,
  },
  "R.20": {
    title: "Loss of a noise-conditional score network",
    latex: String.raw`\sum_{i=1}^{L} \lambda(i) \, \mathbb{E}_{p_{\sigma_i}(x)}\left\|s_\theta(x, i) - \nabla_x \log p_{\sigma_i}(x)\right\|^2, \quad \lambda(i) = \sigma_i^2`,
  },
  "R.21": {
    title: "Forward stochastic differential equation",
    latex: String.raw`dx = f(x, t) \, dt + g(t) \, dw`,
  },
  "R.22": {
    title: "Reverse-time stochastic differential equation",
    latex: String.raw`dx = \left[f(x, t) - g(t)^2 \, \nabla_x \log p_t(x)\right] dt + g(t) \, d\bar w`,
  },
  "R.23": {
    title: "Loss of latent diffusion",
    latex: String.raw`\mathbb{E}_{x, \epsilon, t}\left\|\epsilon - \epsilon_\theta\left(\sqrt{\bar\alpha_t}\, z_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon,\; t\right)\right\|^2, \quad z_0 = E(x)`,
  },
  "R.24": {
    title: "Scaled dot-product attention",
    latex: String.raw`\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\left(\frac{Q K^\top}{\sqrt{d_k}}\right) V`,
  },
  "R.25": {
    title: "Denoising with a diffusion transformer",
    latex: String.raw`x_{t-1} = \mu_\theta(x_t, t) + \sigma_t z, \quad \mu_\theta = \frac{1}{\sqrt{\alpha_t}}\left(x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, \epsilon_\theta(x_t, t, c)\right)`,
  },
  "R.A1": {
    title: "Sampling with classifier guidance",
    latex: String.raw`x_{t-1} \sim \mathcal{N}\left(\mu + s\, \Sigma \nabla_{x_t} \log p_\phi(y \mid x_t, t),\; \Sigma\right), \text{ without noise at } t = 1`,
  },
  "R.T1": {
    title: "Quality, diversity, control and stability of VAE, GAN and diffusion",
    latex: String.raw`\text{each cell measured: score} \pm \text{standard error over seeds}`,
  },
} as const satisfies Readonly<Record<`R.${string}`, Equation>>;
