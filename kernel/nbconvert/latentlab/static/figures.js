// Draws the figures of an exported notebook in place of their static pictures.
(function () {
  "use strict";

  const CONFIG = { displaylogo: false, plotlyServerURL: "", topojsonURL: "" };

  /** Pictures may only be inside the figure: a page must not fetch an address that it holds. */
  function withoutRemoteImages(layout) {
    const images = (layout.images ?? []).filter(({ source }) =>
      String(source).startsWith("data:image/"),
    );
    return { ...layout, images };
  }

  for (const place of document.querySelectorAll(".latentlab-figure")) {
    const { data, layout = {}, frames = [] } = JSON.parse(place.querySelector("script").text);
    const canvas = document.createElement("div");
    place.append(canvas);
    const safeFrames = frames.map((frame) => ({
      ...frame,
      layout: withoutRemoteImages(frame.layout ?? {}),
    }));
    const config = { ...CONFIG, responsive: layout.width === undefined };
    window.Plotly.newPlot(canvas, {
      ...{ data, layout: withoutRemoteImages(layout) },
      ...{ frames: safeFrames, config },
    }).then(() => place.querySelector("img")?.remove());
  }
})();
