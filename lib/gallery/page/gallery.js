// The gallery's page: asks for pictures, one model after another, and shows them.
(function () {
  "use strict";

  const { kernel } = window;
  const at = (id) => document.getElementById(id);
  const NUMBERS = ["numSteps", "guidanceScale", "seed", "count"];
  /** Of what is being painted; aborted by the stop button. */
  let stop;

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className !== "") made.className = className;
    return made;
  }

  function picture(image, judged) {
    const figure = element("figure");
    const shown = new Image();
    shown.src = image;
    shown.alt = judged?.verdict ?? "in the making";
    figure.append(shown);
    if (judged) {
      figure.append(element("figcaption", judged.verdict, judged.isExact ? "right" : "wrong"));
    }
    return figure;
  }

  function newCard(title) {
    const card = at("card").content.cloneNode(true).firstElementChild;
    card.querySelector("h3").textContent = title;
    return card;
  }

  function showMoment(card, { step, numSteps, images }) {
    card.querySelector(".pictures").replaceChildren(...images.map((image) => picture(image)));
    card.querySelector("progress").value = step / numSteps;
    card.querySelector(".facts").textContent = `step ${step} of ${numSteps}`;
  }

  function showEntry(card, entry) {
    const { caption, title, model, seed, numSteps, guidanceScale, seconds, isFirst } = entry;
    const pictures = entry.pictures.map((each) => picture(each.image, each));
    const exact = entry.pictures.filter(({ isExact }) => isExact).length;
    const facts = [
      `${title} (${model})`,
      `noise seed ${seed}`,
      ...(numSteps === undefined ? [] : [`${numSteps} steps`, `s = ${guidanceScale}`]),
      `${seconds.toFixed(1)} s${isFirst ? " with loading" : ""}`,
      `${exact} of ${pictures.length} exact`,
    ];
    card.querySelector("h3").textContent = caption;
    card.querySelector(".pictures").replaceChildren(...pictures);
    card.querySelector("progress")?.remove();
    card.querySelector(".facts").textContent = facts.join(" · ");
  }

  async function paint(model, request, signal) {
    const card = newCard(`${model.title} (${model.name})`);
    at("now").append(card);
    const events = kernel.pictures({ ...request, model: model.name }, signal).getReader();
    for (;;) {
      const { value: event, done } = await events.read();
      if (done) break;
      if (event.error !== undefined) throw new Error(event.error);
      if (event.entry === undefined) showMoment(card, event);
      else {
        showEntry(card, event.entry);
        const kept = newCard("");
        showEntry(kept, event.entry);
        at("gallery").prepend(kept);
      }
    }
  }

  async function paintAll(models) {
    stop = new AbortController();
    at("paint").disabled = true;
    at("stop").disabled = false;
    at("now").replaceChildren();
    const numbers = NUMBERS.map((name) => [name, Number(at(name).value)]);
    const request = { caption: at("caption").value, ...Object.fromEntries(numbers) };
    try {
      for (const model of models) await paint(model, request, stop.signal);
    } catch (error) {
      at("error").textContent = stop.signal.aborted ? "Stopped." : error.message;
      for (const bar of at("now").querySelectorAll("progress")) bar.closest("article").remove();
    }
    at("paint").disabled = false;
    at("stop").disabled = true;
  }

  function chosenModels() {
    return [...at("models").querySelectorAll("input:checked")].map((box) => box.model);
  }

  function offer(models) {
    const boxes = models.map((model, i) => {
      const label = element("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.model = model;
      box.checked = i === 0;
      label.append(box, element("span", model.title), element("small", model.name));
      return label;
    });
    at("models").replaceChildren(...boxes);
    if (models.length === 0) at("models").textContent = "There is no checkpoint of such a model.";
  }

  async function begin() {
    const { models, entries, examples } = await kernel.state();
    offer(models);
    at("caption").value = examples[0].caption;
    for (const { caption, split } of examples) {
      const option = element("option");
      option.value = caption;
      option.label = split === "train" ? "seen in training" : `${split}: not in training`;
      at("examples").append(option);
    }
    for (const entry of entries) {
      const card = newCard("");
      showEntry(card, entry);
      at("gallery").append(card);
    }
  }

  const showGuidance = () => {
    at("guidanceShown").textContent = `s = ${at("guidanceScale").value}`;
  };

  at("guidanceScale").addEventListener("input", showGuidance);
  at("stop").addEventListener("click", () => stop.abort());
  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    at("error").textContent = "";
    const models = chosenModels();
    if (models.length === 0) at("error").textContent = "Choose a model.";
    else void paintAll(models);
  });
  showGuidance();
  begin().catch(() => {
    at("error").textContent = kernel.GONE;
  });
})();
