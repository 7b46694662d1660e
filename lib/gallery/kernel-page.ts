import { randomUUID } from "node:crypto";

import type { Comm, CommListener, KernelHost } from "../core/host";
import { pageEvents, pageInOne, pageState } from "./page";
import type { PictureRequest, Studio } from "./studio";

/** Our JupyterLab extension shows an output of this type as a page that talks to the kernel. */
export const PAGE_MIME = "application/vnd.latentlab.page+json";

/** What the page says; answers carry the `id` of the question. */
type Said =
  | { readonly ask: "state"; readonly id: number }
  | { readonly ask: "pictures"; readonly id: number; readonly request: PictureRequest }
  | { readonly ask: "stop"; readonly id: number };

/**
 * The gallery over the kernel's own connection, which is there wherever the browser is.
 *
 * @returns the target of the comms, and what ends the serving
 */
export function serveInKernel(
  serve: NonNullable<KernelHost["serve"]>,
  studio: Studio,
): { readonly target: string; end(): void } {
  const target = `latentlab.gallery.${randomUUID()}`;
  return { target, end: serve(target, (comm) => conversation(comm, studio)) };
}

/** One page's; it first gets itself. */
function conversation(comm: Comm, studio: Studio): CommListener {
  const painting = new Map<number, AbortController>();
  comm.send({ page: pageInOne() });
  async function paint(id: number, request: PictureRequest): Promise<void> {
    const stop = new AbortController();
    painting.set(id, stop);
    for await (const event of pageEvents(studio, request, stop.signal)) {
      comm.send({ id, answer: event });
    }
    painting.delete(id);
    comm.send({ id, isEnd: true });
  }
  return {
    message(data) {
      const said = data as Said;
      if (said.ask === "state") comm.send({ id: said.id, answer: pageState(studio), isEnd: true });
      else if (said.ask === "pictures") void paint(said.id, said.request);
      else painting.get(said.id)?.abort();
    },
    closed() {
      for (const stop of painting.values()) stop.abort();
    },
  };
}
