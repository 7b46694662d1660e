import type { Equation } from "./review-equations";

/** Papers on adversarial networks. */
export const GAN_PAPERS = {
  GAN: {
    authors: "Goodfellow et al. 2014",
    title: "Generative Adversarial Networks",
    arxiv: "1406.2661",
    version: "v1",
  },
  WGANGP: {
    authors: "Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville 2017",
    title: "Improved Training of Wasserstein GANs",
    arxiv: "1704.00028",
    version: "v3",
  },
  MGN: {
    authors: "Mescheder, Geiger & Nowozin 2018",
    title: "Which Training Methods for GANs do actually Converge?",
    arxiv: "1801.04406",
    version: "v4",
  },
  SNGAN: {
    authors: "Miyato, Kataoka, Koyama & Yoshida 2018",
    title: "Spectral Normalization for Generative Adversarial Networks",
    arxiv: "1802.05957",
    version: "v1",
  },
  STACKGAN: {
    authors: "Zhang et al. 2017",
    title: "StackGAN: Text to Photo-realistic Image Synthesis with Stacked GANs",
    arxiv: "1612.03242",
    version: "v2",
  },
  ATTNGAN: {
    authors: "Xu et al. 2018",
    title: "AttnGAN: Fine-Grained Text to Image Generation with Attentional GANs",
    arxiv: "1711.10485",
    version: "v1",
  },
} as const;

/** Equations of the papers on adversarial networks, by id. */
export const GAN_EQUATIONS = {
  "GAN.2": {
    title: "Best discriminator against a fixed generator",
    latex: String.raw`D^*(x) = \frac{p_\mathrm{data}(x)}{p_\mathrm{data}(x) + p_G(x)}`,
  },
  "GAN.6": {
    title: "Value of the game against the best discriminator",
    latex: String.raw`V(D^*, G) = 2\, \mathrm{JS}(p_\mathrm{data} \,\|\, p_G) - \log 4`,
  },
  "WGANGP.3": {
    title: "Gradient penalty",
    latex: String.raw`\lambda\, \mathbb{E}_{\hat x}\left[\left(\left\|\nabla_{\hat x} D(\hat x)\right\|_2 - 1\right)^2\right], \quad \hat x = u x + (1 - u)\, G(z)`,
  },
  "MGN.9": {
    title: "R1 penalty",
    latex: String.raw`\frac{\gamma}{2}\, \mathbb{E}_{x \sim p_\mathrm{data}}\left\|\nabla_x D(x)\right\|^2`,
  },
  "SNGAN.8": {
    title: "Spectral normalisation",
    latex: String.raw`\bar W = W / \sigma(W), \quad \sigma(W) = \max_{h \ne 0} \frac{\|W h\|}{\|h\|}`,
  },
  "STACKGAN.2": {
    title: "Conditioning augmentation's regulariser",
    latex: String.raw`D_\mathrm{KL}\left(\mathcal{N}(\mu(\varphi_t), \Sigma(\varphi_t)) \,\|\, \mathcal{N}(0, I)\right)`,
  },
  "ATTNGAN.2": {
    title: "Word context of a region",
    latex: String.raw`c_j = \sum_i \beta_{j,i}\, e'_i, \quad \beta_{j,i} = \frac{\exp(h_j^\top e'_i)}{\sum_k \exp(h_j^\top e'_k)}`,
  },
  "ATTNGAN.9": {
    title: "Region context of a word",
    latex: String.raw`c_i = \sum_j \alpha_j v_j, \quad \alpha_j = \frac{\exp(\gamma_1 \bar s_{i,j})}{\sum_k \exp(\gamma_1 \bar s_{i,k})}`,
  },
  "ATTNGAN.10": {
    title: "Match of a picture and a text",
    latex: String.raw`R(Q, D) = \log\left(\sum_i \exp\left(\gamma_2 \cos(c_i, e_i)\right)\right)^{1/\gamma_2}`,
  },
  "ATTNGAN.11": {
    title: "Matching loss",
    latex: String.raw`P(D_i \mid Q_i) = \frac{\exp(\gamma_3 R(Q_i, D_i))}{\sum_j \exp(\gamma_3 R(Q_i, D_j))}`,
  },
} as const satisfies Readonly<Record<string, Equation>>;
