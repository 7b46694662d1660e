import { GAN_EQUATIONS, GAN_PAPERS } from "./gan-equations";
import { type Equation, REVIEW_EQUATIONS } from "./review-equations";

export type { Equation };

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
  DPMPP: {
    authors: "Lu, Zhou, Bao, Chen, Li & Zhu 2022",
    title: "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models",
    arxiv: "2211.01095",
    version: "v2",
  },
  PNDM: {
    authors: "Liu, Ren, Lin & Zhao 2022",
    title: "Pseudo Numerical Methods for Diffusion Models on Manifolds",
    arxiv: "2202.09778",
    version: "v2",
  },
  FM: {
    authors: "Lipman, Chen, Ben-Hamu, Nickel & Le 2023",
    title: "Flow Matching for Generative Modeling",
    arxiv: "2210.02747",
    version: "v2",
  },
  EDM: {
    authors: "Karras, Aittala, Aila & Laine 2022",
    title: "Elucidating the Design Space of Diffusion-Based Generative Models",
    arxiv: "2206.00364",
    version: "v2",
  },
  SDE: {
    authors: "Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole 2021",
    title: "Score-Based Generative Modeling through Stochastic Differential Equations",
    arxiv: "2011.13456",
    version: "v2",
  },
  NCSN: {
    authors: "Song & Ermon 2019",
    title: "Generative Modeling by Estimating Gradients of the Data Distribution",
    arxiv: "1907.05600",
    version: "v3",
  },
  ...GAN_PAPERS,
} as const;

export type PaperKey = keyof typeof PAPERS;

/**
 * Every equation of the course by id: `R` for the review that the course teaches, whole, and other
 * papers where a function follows them. A function cites its equation as `@eq R.3` in its
 * docstring, a test by the start of its title, a notebook by `\tag{R.3}`; `npm run equations`
 * follows these threads and fails where one is missing.
 */
export const EQUATIONS = {
  ...REVIEW_EQUATIONS,
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
  "DPMPP.A2": {
    title: "Multistep of DPM-Solver++(2M)",
    latex: String.raw`x_s = \frac{\sigma_s}{\sigma_t} x_t - \alpha_s \left(e^{-h} - 1\right) D, \quad D = \left(1 + \frac{1}{2r}\right) \hat x_0(x_t) - \frac{1}{2r} \hat x_0(x_{t'})`,
  },
  "PNDM.9": {
    title: "Transfer of PNDM",
    latex: String.raw`x_s = \sqrt{\tfrac{\bar\alpha_s}{\bar\alpha_t}}\, x_t + \left(\sqrt{1 - \bar\alpha_s} - \sqrt{\tfrac{\bar\alpha_s}{\bar\alpha_t}} \sqrt{1 - \bar\alpha_t}\right) \epsilon'`,
  },
  "PNDM.12": {
    title: "Linear multistep of PNDM",
    latex: String.raw`\epsilon' = \frac{1}{24}\left(55 \epsilon_t - 59 \epsilon_{t-1} + 37 \epsilon_{t-2} - 9 \epsilon_{t-3}\right)`,
  },
  "FM.22": {
    title: "Straight path of flow matching",
    latex: String.raw`x_t = (1 - t)\, x_\mathrm{noise} + t\, x_\mathrm{data}`,
  },
  "FM.23": {
    title: "Velocity of flow matching",
    latex: String.raw`u = x_\mathrm{data} - x_\mathrm{noise}`,
  },
  "EDM.1": {
    title: "Probability-flow ODE in noise levels",
    latex: String.raw`\frac{dx}{d\sigma} = \frac{x - D(x; \sigma)}{\sigma}`,
  },
  "EDM.7": {
    title: "Preconditioned denoiser",
    latex: String.raw`D(x; \sigma) = c_\mathrm{skip}(\sigma)\, x + c_\mathrm{out}(\sigma)\, F\left(c_\mathrm{in}(\sigma)\, x;\; c_\mathrm{noise}(\sigma)\right)`,
  },
  "EDM.5": {
    title: "Noise levels of a sampler",
    latex: String.raw`\sigma_i = \left(\sigma_\mathrm{max}^{1/\rho} + \frac{i}{n - 1}\left(\sigma_\mathrm{min}^{1/\rho} - \sigma_\mathrm{max}^{1/\rho}\right)\right)^\rho`,
  },
  "SDE.7": {
    title: "Score matching in continuous time",
    latex: String.raw`\mathbb{E}_t\left[\lambda(t)\, \mathbb{E}_{x_0, x_t}\left\|s_\theta(x_t, t) - \nabla_{x_t} \log p_{0t}(x_t \mid x_0)\right\|^2\right]`,
  },
  "SDE.13": {
    title: "Probability-flow ordinary differential equation",
    latex: String.raw`\frac{dx}{dt} = f(x, t) - \tfrac{1}{2} g(t)^2 \, \nabla_x \log p_t(x)`,
  },
  "SDE.29": {
    title: "Marginals of VE, VP and sub-VP",
    latex: String.raw`x_t \mid x_0 \sim \mathcal{N}\left(e^{-\frac{1}{2} B(t)} x_0,\; \left(1 - e^{-B(t)}\right) I\right), \quad B(t) = \int_0^t \beta(s) \, ds`,
  },
  "SDE.39": {
    title: "Log-likelihood by the probability flow",
    latex: String.raw`\log p_0(x_0) = \log p_1(x_1) + \int_0^1 \nabla \cdot \tilde f(x_t, t) \, dt`,
  },
  "SDE.40": {
    title: "Hutchinson's estimate of a divergence",
    latex: String.raw`\nabla \cdot \tilde f(x, t) = \mathbb{E}_{v}\left[v^\top \nabla \tilde f(x, t) \, v\right], \quad \mathbb{E}[v v^\top] = I`,
  },
  "SDE.46": {
    title: "Reverse diffusion predictor",
    latex: String.raw`x_i = x_{i+1} - f_{i+1}(x_{i+1}) + G_{i+1} G_{i+1}^\top s_\theta(x_{i+1}, i + 1) + G_{i+1} z_{i+1}`,
  },
  "SDE.A4": {
    title: "Step size of the corrector",
    latex: String.raw`\epsilon = 2 \left(r \, \|z\| / \|s_\theta\|\right)^2`,
  },
  "NCSN.4": {
    title: "Langevin dynamics",
    latex: String.raw`x \gets x + \tfrac{\alpha}{2} \nabla_x \log p(x) + \sqrt{\alpha}\, z`,
  },
  "NCSN.A1": {
    title: "Annealed Langevin dynamics",
    latex: String.raw`\alpha_i = \epsilon \, \sigma_i^2 / \sigma_L^2`,
  },
  ...GAN_EQUATIONS,
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
