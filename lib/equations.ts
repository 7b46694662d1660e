/** Where equation ids point: the part of an id before the dot. */
export const PAPERS = {
  R: {
    authors: "Sordo, Chagnon & Ushizima 2025",
    title:
      "A Review on Generative AI For Text-To-Image and Image-To-Image Generation " +
      "and Implications To Scientific Images",
    arxiv: "2502.21151",
    version: "text dated 12 March 2025",
  },
  DDPM: {
    authors: "Ho, Jain & Abbeel 2020",
    title: "Denoising Diffusion Probabilistic Models",
    arxiv: "2006.11239",
    version: "v2",
  },
  IDDPM: {
    authors: "Nichol & Dhariwal 2021",
    title: "Improved Denoising Diffusion Probabilistic Models",
    arxiv: "2102.09672",
    version: "v1",
  },
  DDIM: {
    authors: "Song, Meng & Ermon 2021",
    title: "Denoising Diffusion Implicit Models",
    arxiv: "2010.02502",
    version: "v4",
  },
  ADM: {
    authors: "Dhariwal & Nichol 2021",
    title: "Diffusion Models Beat GANs on Image Synthesis",
    arxiv: "2105.05233",
    version: "v4",
  },
  EDM: {
    authors: "Karras, Aittala, Aila & Laine 2022",
    title: "Elucidating the Design Space of Diffusion-Based Generative Models",
    arxiv: "2206.00364",
    version: "v2",
  },
} as const;

export type PaperKey = keyof typeof PAPERS;

/** One numbered equation: a claim of the review, or one of the papers behind it. */
export interface Equation {
  readonly title: string;
  /** The correct form; where the print differs, the notebook says so in its errata. */
  readonly latex: string;
}

/**
 * Every equation of the course by id: `R` for the review that the course teaches, whole, and other
 * papers where a function follows them. A function cites its equation as `@eq R.3` in its
 * docstring, a test by the start of its title, a notebook by `\tag{R.3}`; `npm run equations`
 * follows these threads and fails where one is missing.
 */
export const EQUATIONS = {
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
  "DDPM.7": {
    title: "Posterior of the forward process",
    latex: String.raw`\tilde\mu_t = \frac{\sqrt{\bar\alpha_{t-1}} \beta_t}{1 - \bar\alpha_t} x_0 + \frac{\sqrt{\alpha_t} (1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t} x_t, \quad \tilde\beta_t = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t`,
  },
  "DDPM.11": {
    title: "Mean of the reverse step from a noise estimate",
    latex: String.raw`\mu_\theta(x_t, t) = \frac{1}{\sqrt{\alpha_t}}\left(x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, \epsilon_\theta(x_t, t)\right)`,
  },
  "DDPM.12": {
    title: "Weight of the noise error in the variational bound",
    latex: String.raw`L_{t-1} = \mathbb{E}\left[\frac{\beta_t^2}{2 \sigma_t^2 \alpha_t (1 - \bar\alpha_t)} \left\|\epsilon - \epsilon_\theta(x_t, t)\right\|^2\right] + C`,
  },
  "DDPM.13": {
    title: "Discretised Gaussian decoder",
    latex: String.raw`p_\theta(x_0 \mid x_1) = \prod_i \int_{\delta_-(x_0^i)}^{\delta_+(x_0^i)} \mathcal{N}\left(x;\, \mu_\theta^i(x_1, 1),\, \sigma_1^2\right) dx`,
  },
  "DDPM.15": {
    title: "Clean picture that a noise estimate implies",
    latex: String.raw`\hat x_0 = \frac{x_t - \sqrt{1 - \bar\alpha_t}\, \epsilon_\theta(x_t, t)}{\sqrt{\bar\alpha_t}}`,
  },
  "DDIM.12": {
    title: "One step of DDIM",
    latex: String.raw`x_{t-1} = \sqrt{\bar\alpha_{t-1}}\, \hat x_0 + \sqrt{1 - \bar\alpha_{t-1} - \sigma_t^2}\; \epsilon_\theta(x_t, t) + \sigma_t z`,
  },
  "DDIM.16": {
    title: "Fresh noise of DDIM",
    latex: String.raw`\sigma_t = \eta \sqrt{\frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t}} \sqrt{1 - \frac{\bar\alpha_t}{\bar\alpha_{t-1}}}`,
  },
  "IDDPM.15": {
    title: "Learned variance",
    latex: String.raw`\Sigma_\theta(x_t, t) = \exp\left(v \log \beta_t + (1 - v) \log \tilde\beta_t\right)`,
  },
  "IDDPM.16": {
    title: "Hybrid loss",
    latex: String.raw`L_\mathrm{hybrid} = L_\mathrm{simple} + \lambda L_\mathrm{vlb}`,
  },
  "IDDPM.17": {
    title: "Cosine noise schedule",
    latex: String.raw`\bar\alpha_t = \frac{f(t)}{f(0)}, \quad f(t) = \cos^2\left(\frac{t/T + s}{1 + s} \cdot \frac{\pi}{2}\right)`,
  },
  "ADM.14": {
    title: "Noise estimate under classifier guidance",
    latex: String.raw`\hat\epsilon(x_t) = \epsilon_\theta(x_t) - \sqrt{1 - \bar\alpha_t}\, s\, \nabla_{x_t} \log p_\phi(y \mid x_t)`,
  },
  "EDM.5": {
    title: "Noise levels of a sampler",
    latex: String.raw`\sigma_i = \left(\sigma_\mathrm{max}^{1/\rho} + \frac{i}{n - 1}\left(\sigma_\mathrm{min}^{1/\rho} - \sigma_\mathrm{max}^{1/\rho}\right)\right)^\rho`,
  },
} as const satisfies Readonly<Record<`${PaperKey}.${string}`, Equation>>;

export type EquationId = keyof typeof EQUATIONS;

export function isEquationId(id: string): id is EquationId {
  return Object.hasOwn(EQUATIONS, id);
}

/** An equation's place in its paper in words, ending in e.g. "equation 3". */
export function citation(id: EquationId): string {
  const [key, number] = id.split(".") as [PaperKey, string];
  const { authors, arxiv, version } = PAPERS[key];
  const part = number.startsWith("A")
    ? `algorithm ${number.slice(1)}`
    : number.startsWith("T")
      ? `table ${number.slice(1)}`
      : `equation ${number}`;
  return `${authors} (arXiv:${arxiv}, ${version}), ${part}`;
}
