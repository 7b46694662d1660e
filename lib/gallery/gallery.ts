import { DISPLAY, type Displayable, kernelHost, type MimeBundle } from "../core/host";
import type { Disposable } from "../core/memory";
import { type HttpPage, openHttpPage } from "./http-page";
import { PAGE_MIME, serveInKernel } from "./kernel-page";
import { Studio } from "./studio";

const HEIGHT = 720;

/**
 * A page to type captions in. In JupyterLab it is the value of a cell and talks to the kernel over the
 * notebook's own connection, wherever the browser is; elsewhere it is at an address of this machine.
 */
export class Gallery implements Displayable, Disposable {
  private constructor(
    private readonly studio: Studio,
    private readonly http: HttpPage,
    private readonly inKernel: ReturnType<typeof serveInKernel> | undefined,
  ) {}

  /** @param studio taken over */
  static async open(studio = new Studio()): Promise<Gallery> {
    const serve = kernelHost()?.serve;
    const inKernel = serve && serveInKernel(serve, studio);
    return new Gallery(studio, await openHttpPage(studio), inKernel);
  }

  /** It answers at 127.0.0.1 only, to those who know this address, which has a secret in it. */
  get address(): string {
    return this.http.address;
  }

  [DISPLAY](): MimeBundle {
    const text = `The gallery is open at ${this.address} as long as this kernel runs.`;
    // Where nobody looks on, as in a run of the whole course, a frame would stay empty for ever.
    if (process.env["LATENTLAB_PROFILE"] !== undefined) return { "text/plain": text };
    const frame = `<iframe src="${this.address}" title="Gallery" width="100%" height="${HEIGHT}"
      style="border: 1px solid #8884; border-radius: 6px"></iframe>`;
    const link = `<a href="${this.address}" target="_blank" rel="noreferrer">in a tab of its own</a>`;
    const note = "If the kernel runs on another machine than this browser, open it in JupyterLab.";
    const page = { target: this.inKernel?.target, title: "Gallery", height: HEIGHT };
    return {
      ...(this.inKernel && { [PAGE_MIME]: page }),
      "text/html": `${frame}<p>The gallery, ${link}. ${note}</p>`,
      "text/plain": text,
    };
  }

  /** Stop answering and free the models. */
  dispose(): void {
    this.inKernel?.end();
    this.http.close();
    this.studio.dispose();
  }
}

let opened: Promise<Gallery> | undefined;

/**
 * The gallery of this process, opened at the first call: type a caption, choose models, steps,
 * guidance and seed, watch them paint side by side. The models are the course's checkpoints; each is
 * loaded when it is first asked.
 *
 * @example await gallery.captionBox()
 */
export function captionBox(): Promise<Gallery> {
  return (opened ??= Gallery.open());
}
