// JupyterLab extension that shows `application/vnd.latentlab.page+json` outputs: a page of the kernel
// in a frame of the notebook. The page comes through a comm, and what it and the kernel say to each
// other goes through it, so it works wherever the browser is.
//
// A module-federation container written by hand, as ../plotly/remote-entry.js explains.
(function () {
  "use strict";

  const PAGE_MIME = "application/vnd.latentlab.page+json";
  const ASK_AGAIN = "Run this cell again to open the page: its kernel is gone.";

  let sharedScope;

  async function loadShared(name) {
    const versions = Object.values(sharedScope[name] ?? {});
    if (versions.length === 0) throw new Error(`JupyterLab does not share ${name}.`);
    const factory = await versions[0].get();
    return factory();
  }

  function createRendererClass(Widget) {
    return class PageRenderer extends Widget {
      constructor(session) {
        super();
        this.session = session;
        this.themes = new MutationObserver(() => this.followTheme());
        this.hear = ({ source, data }) => {
          const isOurs = this.frame !== undefined && source === this.frame.contentWindow;
          if (isOurs && this.comm?.isDisposed === false) this.comm.send(data);
          else if (isOurs) this.say({ isClosed: true });
        };
        this.restarted = (_, status) => {
          if (/restarting|terminating|dead/.test(status)) this.say({ isClosed: true });
        };
      }

      /** Called for each view of the output; an update would open the same page again. */
      async renderModel(model) {
        const { target, title, height } = model.data[PAGE_MIME];
        this.node.style.minHeight = `${Number(height)}px`;
        this.size = { title, height };
        await this.session.ready;
        const kernel = this.session.session?.kernel;
        if (this.isDisposed || this.comm || !kernel) return;
        this.comm = kernel.createComm(String(target));
        this.comm.onMsg = ({ content }) => this.receive(content.data);
        this.comm.onClose = () => this.close();
        this.comm.open();
      }

      receive(data) {
        if (data.page === undefined) this.say(data);
        else this.show(String(data.page));
      }

      /** The page is a stranger: it runs scripts, but in no origin, so it reaches only us. */
      show(page) {
        this.frame = document.createElement("iframe");
        this.frame.sandbox = "allow-scripts allow-forms";
        this.frame.title = this.size.title;
        this.frame.width = "100%";
        this.frame.height = this.size.height;
        this.frame.style.border = "1px solid var(--jp-border-color2)";
        this.frame.srcdoc = page;
        this.followTheme();
        this.node.replaceChildren(this.frame);
      }

      say(data) {
        this.frame?.contentWindow?.postMessage(data, "*");
      }

      close() {
        if (this.frame) this.say({ isClosed: true });
        else this.node.textContent = ASK_AGAIN;
        if (!this.frame) this.node.style.minHeight = "";
      }

      followTheme() {
        const isDark = document.body.dataset.jpThemeLight === "false";
        if (this.frame) this.frame.style.colorScheme = isDark ? "dark" : "light";
      }

      onAfterAttach() {
        addEventListener("message", this.hear);
        this.session.statusChanged.connect(this.restarted);
        this.themes.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
      }

      onBeforeDetach() {
        removeEventListener("message", this.hear);
        this.session.statusChanged.disconnect(this.restarted);
        this.themes.disconnect();
      }

      dispose() {
        if (this.isDisposed) return;
        if (this.comm?.isDisposed === false) this.comm.close();
        super.dispose();
      }
    };
  }

  async function createPlugin() {
    const [{ Widget }, { INotebookTracker }] = await Promise.all(
      ["@lumino/widgets", "@jupyterlab/notebook"].map(loadShared),
    );
    const Renderer = createRendererClass(Widget);
    const offer = ({ content, sessionContext }) => {
      const factory = {
        // Only the running kernel can give the page: safe in untrusted notebooks.
        safe: true,
        mimeTypes: [PAGE_MIME],
        createRenderer: () => new Renderer(sessionContext),
      };
      // Before every other form of the same output.
      content.rendermime.addFactory(factory, 0);
    };
    return {
      id: "@latentlab/pages:renderer",
      autoStart: true,
      requires: [INotebookTracker],
      activate: (_, notebooks) => {
        notebooks.forEach(offer);
        notebooks.widgetAdded.connect((_, notebook) => offer(notebook));
      },
    };
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["@latentlab/pages"] = {
    init(scope) {
      sharedScope = scope;
    },
    async get() {
      const plugin = await createPlugin();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
