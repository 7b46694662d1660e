import { PROTOCOL_VERSION } from "./wire";

/** The content of a `kernel_info_reply`. */
export const KERNEL_INFO = {
  status: "ok",
  protocol_version: PROTOCOL_VERSION,
  implementation: "latentlab",
  implementation_version: "0.1.0",
  language_info: {
    name: "typescript",
    version: "5.0.4",
    mimetype: "text/typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    // JupyterLab reads `mode`; the classic notebook reads the other two.
    codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
  },
  banner: "LatentLab: generative image models in TypeScript",
  help_links: [],
} as const;
