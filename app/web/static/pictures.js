// Charts that answer to the pointer, networks, and pictures shown large. What they need is loaded when the first one is looked at.
"use strict";

(() => {
  const addresses = document.currentScript.dataset;
  const loaded = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");

  function load(name, isModule = false) {
    if (!loaded.has(name)) {
      loaded.set(name, isModule ? import(addresses[name]) : new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = addresses[name];
        script.onload = resolve;
        script.onerror = () => reject(new Error(say("{name} could not be loaded", { name })));
        document.head.append(script);
      }));
    }
    return loaded.get(name);
  }

  const fetchJSON = async (url) => {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(say("the server answered {status}", { status: answer.status }));
    return answer.json();
  };

  // What is under the pointer.
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);

  function showTip(x, y, pairs) {
    tip.replaceChildren(...pairs.map(([name, value]) => {
      const line = document.createElement("div");
      if (name) line.append(`${name}: `);
      const bold = document.createElement("b");
      bold.textContent = value;
      line.append(bold);
      return line;
    }));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.min(x + 14, innerWidth - box.width - 8)}px`;
    tip.style.top = `${y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 18}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  // Vega's interpreter takes the one number of `datetime(…)` for a year, so moments stand there as numbers.
  const withMoments = (spec) => JSON.parse(JSON.stringify(spec).replace(/\{"signal":"datetime\((-?\d+)\)"\}/g, "$1"));

  async function interact(chart) {
    const button = chart.querySelector("[data-interact]");
    const said = chart.querySelector("[role='status']");
    const live = chart.querySelector(".live");
    button.disabled = true;
    said.textContent = say("Loading…");
    try {
      await load("vega");
      const [{ expressionInterpreter }, spec] = await Promise.all([
        load("vegaInterpreter", true),
        fetchJSON(`${chart.dataset.chart}?theme=${theme()}`),
        load("vegaLite"),
      ]);
      live.hidden = false;
      const isLite = spec.$schema.includes("/vega-lite/");
      const compiled = isLite ? withMoments(vegaLite.compile(spec).spec) : spec;
      const view = new vega.View(vega.parse(compiled, isLite ? undefined : spec.config, { ast: true }), {
        expr: expressionInterpreter, renderer: "canvas", container: live, hover: true,
        loader: vega.loader({ http: { credentials: "omit" }, baseURL: "about:blank" }),
      });
      view.tooltip((handler, event, item, value) => {
        if (value === null || value === undefined || value === "") hideTip();
        else showTip(event.clientX, event.clientY, typeof value === "object" ? Object.entries(value) : [["", value]]);
      });
      await view.runAsync();
      chart.querySelector(".still").hidden = true;
      button.hidden = true;
      said.textContent = say("Point at a part of the chart for its values.");
    } catch (error) {
      live.hidden = true;
      button.disabled = false;
      said.textContent = say("It could not be made interactive: {reason}.", { reason: error.message });
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-interact]");
    if (button) interact(button.closest("[data-chart]"));
  });

  // Pictures and videos of a wall; with a key held down, and without this script, their links are links.
  document.addEventListener("click", async (event) => {
    const tile = event.target.closest("[data-wall] [data-tile]");
    if (!tile || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { open } = await load("lightbox", true);
    open(tile);
  });

  // Networks.
  const views = [];

  async function drawNetwork(box) {
    const blank = box.cloneNode(true);
    box.dataset.drawn = "";
    const { draw } = await load("drawing", true);
    const view = await draw(box, { load, fetchJSON, theme, showTip, hideTip });
    if (view) views.push({ box, blank, view });
  }

  function drawNew() {
    for (const one of views.splice(0)) {
      if (one.box.isConnected) views.push(one);
      else { one.view.kill(); hideTip(); }
    }
    for (const box of document.querySelectorAll("[data-network]:not([data-drawn])")) drawNetwork(box);
  }
  document.addEventListener("DOMContentLoaded", drawNew);
  document.addEventListener("htmx:load", drawNew);
  dark.addEventListener("change", () => {
    for (const { box, blank, view } of views.splice(0)) {
      view.kill();
      box.replaceWith(blank);
    }
    drawNew();
  });
})();
