// How the page asks the kernel: at its own address over HTTP; in a frame of JupyterLab, which has no
// address, by messages that our extension passes on.
(function () {
  "use strict";

  const GONE = "The kernel is gone: run the cell again.";

  /** A stream of values from a stream of bytes with one JSON text a line. */
  function parsedLines(bytes) {
    let rest = "";
    const parser = new TransformStream({
      transform(text, out) {
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) out.enqueue(JSON.parse(line));
      },
    });
    return bytes.pipeThrough(new TextDecoderStream()).pipeThrough(parser);
  }

  const overHttp = {
    GONE,
    async state() {
      return (await fetch("state")).json();
    },
    pictures(request, signal) {
      const parser = new TransformStream();
      const asked = { method: "POST", body: JSON.stringify(request), signal };
      fetch("pictures", { ...asked, headers: { "content-type": "application/json" } })
        .then(({ body }) => parsedLines(body).pipeTo(parser.writable))
        .catch((error) => parser.writable.abort(error).catch(() => undefined));
      return parser.readable;
    },
  };

  /** Streams of answers by the number of their question. */
  const open = new Map();
  /** Not from 0: a frame may be loaded anew while its comm stays open. */
  let questions = Date.now();

  function ask(question, signal) {
    const id = ++questions;
    const say = (words) => parent.postMessage({ id, ...words }, "*");
    return new ReadableStream({
      start(answers) {
        open.set(id, answers);
        signal?.addEventListener("abort", () => {
          say({ ask: "stop" });
          if (open.delete(id)) answers.error(signal.reason);
        });
        say(question);
      },
    });
  }

  const inFrame = {
    GONE,
    async state() {
      return (await ask({ ask: "state" }).getReader().read()).value;
    },
    pictures: (request, signal) => ask({ ask: "pictures", request }, signal),
  };

  function hear({ source, data: { id, answer, isEnd, isClosed } }) {
    if (source !== parent) return;
    if (answer) open.get(id)?.enqueue(answer);
    if (isEnd) open.get(id)?.close();
    if (isEnd) open.delete(id);
    if (!isClosed) return;
    for (const answers of open.values()) answers.error(new Error(GONE));
    open.clear();
  }

  const isInFrame = location.href === "about:srcdoc";
  if (isInFrame) addEventListener("message", hear);
  window.kernel = isInFrame ? inFrame : overHttp;
})();
