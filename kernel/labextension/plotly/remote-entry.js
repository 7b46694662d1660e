// JupyterLab extension that draws `application/vnd.plotly.v1+json` outputs.
//
// JupyterLab loads extensions as module-federation containers, which a bundler usually writes. This
// one is small enough to be written by hand: a container is an object with `init(sharedScope)` and
// `get(module)`, registered under the package's name.
(function () {
  "use strict";

  const PLOTLY_MIME = "application/vnd.plotly.v1+json";
  const PLOTLY_URL = new URL("plotly.js", document.currentScript.src).href;
  const CONFIG = { displaylogo: false, responsive: false, plotlyServerURL: "", topojsonURL: "" };
  const MODE_BAR = ["sendDataToCloud", "lasso2d", "select2d", "autoScale2d"];

  let sharedScope;
  let loading;

  /** plotly.js from this extension's own folder, once per page; no network beyond the server. */
  function loadPlotly() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => resolve(window.Plotly);
      script.onerror = () => {
        loading = undefined;
        reject(new Error(`plotly.js is not at ${PLOTLY_URL}: run npm run setup.`));
      };
      script.src = PLOTLY_URL;
      document.head.append(script);
    });
    return loading;
  }

  async function loadShared(name) {
    const versions = Object.values(sharedScope[name] ?? {});
    if (versions.length === 0) throw new Error(`JupyterLab does not share ${name}.`);
    const factory = await versions[0].get();
    return factory();
  }

  function cssColour(node, name, otherwise) {
    return getComputedStyle(node).getPropertyValue(name).trim() || otherwise;
  }

  /** The figure's template with the greys of the reader's theme. */
  function themed(layout, node) {
    const text = cssColour(node, "--jp-ui-font-color1", "#222");
    const faint = cssColour(node, "--jp-border-color2", "#e3e3e3");
    const line = cssColour(node, "--jp-ui-font-color3", "#757575");
    const axis = { linecolor: line, tickcolor: line, gridcolor: faint, zerolinecolor: line };
    const template = layout.template ?? {};
    const base = template.layout ?? {};
    return {
      ...base,
      paper_bgcolor: "rgba(0, 0, 0, 0)",
      plot_bgcolor: "rgba(0, 0, 0, 0)",
      font: { ...base.font, color: text },
      xaxis: { ...base.xaxis, ...axis },
      yaxis: { ...base.yaxis, ...axis },
    };
  }

  /** Pictures may only be inside the figure: a notebook must not make the page fetch an address. */
  function withoutRemoteImages(images) {
    return images?.filter(({ source }) => String(source).startsWith("data:image/"));
  }

  /** A deep copy, since Plotly writes into what it draws and the model must stay as it was sent. */
  function prepare(figure, node) {
    const { data = [], layout = {}, frames = [] } = JSON.parse(JSON.stringify(figure));
    const template = { ...layout.template, layout: themed(layout, node) };
    const images = withoutRemoteImages(layout.images);
    const size = layout.width === undefined ? { width: node.clientWidth } : {};
    return { data, layout: { ...layout, ...size, ...(images && { images }), template }, frames };
  }

  function createRendererClass(Widget) {
    return class PlotlyRenderer extends Widget {
      constructor() {
        super();
        this.addClass("latentlab-plotly");
        this.node.style.overflow = "auto";
        this.canvas = document.createElement("div");
        this.node.append(this.canvas);
        this.figure = undefined;
        this.drawing = undefined;
        this.themes = new MutationObserver(() => this.draw());
      }

      /** Called for the first figure and for each update of it: always drawn into the same node. */
      async renderModel(model) {
        this.figure = model.data[PLOTLY_MIME];
        // Room for the figure before it is drawn, so that the page does not jump.
        this.node.style.minHeight = `${Number(this.figure.layout?.height) || 380}px`;
        await this.draw();
      }

      /** Draw the newest figure; while one is being drawn, those in between are passed over. */
      async draw() {
        if (!this.isVisible || this.node.clientWidth === 0) return;
        this.stale = true;
        this.drawing ??= this.drawUntilFresh().finally(() => {
          this.drawing = undefined;
        });
        await this.drawing;
      }

      async drawUntilFresh() {
        const Plotly = await loadPlotly();
        while (this.stale && !this.isDisposed && this.figure) {
          this.stale = false;
          const { data, layout, frames } = prepare(this.figure, this.node);
          const config = { ...CONFIG, modeBarButtonsToRemove: MODE_BAR };
          await Plotly.react(this.canvas, { data, layout, frames, config });
          this.canvas.dataset.renders = String(Number(this.canvas.dataset.renders ?? 0) + 1);
        }
      }

      onAfterAttach() {
        this.themes.observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
        void this.draw();
      }

      onAfterShow() {
        void this.draw();
      }

      onResize() {
        void this.draw();
      }

      onBeforeDetach() {
        this.themes.disconnect();
      }

      dispose() {
        if (this.isDisposed) return;
        window.Plotly?.purge(this.canvas);
        super.dispose();
      }
    };
  }

  async function createExtension() {
    const { Widget } = await loadShared("@lumino/widgets");
    const Renderer = createRendererClass(Widget);
    return {
      id: "@latentlab/plotly:renderer",
      // Before every other form of the same output.
      rank: 0,
      rendererFactory: {
        // Figures are data, drawn without running anything they hold: safe in untrusted notebooks.
        safe: true,
        mimeTypes: [PLOTLY_MIME],
        defaultRank: 0,
        createRenderer: () => new Renderer(),
      },
      dataType: "json",
    };
  }

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["@latentlab/plotly"] = {
    init(scope) {
      sharedScope = scope;
    },
    async get() {
      const extension = await createExtension();
      return () => ({ __esModule: true, default: extension });
    },
  };
})();
