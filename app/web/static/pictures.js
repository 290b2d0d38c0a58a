// Charts that answer to the pointer, and networks. Their libraries are loaded when the first one is looked at.
"use strict";

(() => {
  const addresses = document.currentScript.dataset;
  const loaded = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");

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
        fetchJSON(`${chart.dataset.chart}?theme=${dark.matches ? "dark" : "light"}`),
        load("vegaLite"),
      ]);
      live.hidden = false;
      const isLite = spec.$schema.includes("/vega-lite/");
      const compiled = isLite ? vegaLite.compile(spec).spec : spec;
      const view = new vega.View(vega.parse(compiled, isLite ? undefined : spec.config, { ast: true }), {
        expr: expressionInterpreter, renderer: "canvas", container: live, hover: true,
        loader: vega.loader({ http: { credentials: "omit" }, baseURL: "about:blank" }),
      });
      view.tooltip((handler, event, item, value) => {
        if (value === null || value === undefined || value === "") hideTip();
        else showTip(event.clientX, event.clientY, typeof value === "object" ? Object.entries(value) : [["", value]]);
      });
      await view.runAsync();
      chart.querySelector("picture").hidden = true;
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

  // Networks. Colours are told apart in light and dark; nodes have names, so colour never stands alone.
  const palette = {
    light: ["#b3261e", "#1f5fa8", "#1f7a4a", "#8a5a00", "#7a3fa0", "#0e7c86", "#a83a6b", "#5c6068"],
    dark: ["#ff8a75", "#7db7ff", "#6fcf97", "#f2c063", "#c99bea", "#5fc9d3", "#f08bb4", "#a3a6ad"],
  };

  function toGraph(piece, colours) {
    const graph = new graphology.UndirectedGraph();
    const largest = Math.max(...piece.nodes.map((node) => node[4]), 1);
    const members = new Map();
    for (const node of piece.nodes) members.set(node[5], (members.get(node[5]) ?? 0) + 1);
    const communities = new Map([...members].sort((a, b) => b[1] - a[1]).map(([community], rank) => [community, rank]));
    piece.nodes.forEach(([key, label, x, y, size, community], place) => {
      const rank = communities.get(community);
      const angle = place * 2.399963;
      graph.addNode(place, {
        label: label || key, x: x ?? Math.sqrt(place) * Math.cos(angle), y: y ?? Math.sqrt(place) * Math.sin(angle),
        size: 2.5 + 13 * Math.sqrt(size / largest), amount: size, community,
        color: colours[Math.min(rank, colours.length - 1)],
      });
    });
    const heaviest = piece.edges[0]?.[2] || 1;
    for (const [source, target, weight] of piece.edges) {
      if (source === target || graph.hasEdge(source, target)) continue;
      graph.addEdge(source, target, { size: 0.4 + 2.6 * (weight / heaviest), weight });
    }
    return graph;
  }

  async function drawNetwork(box) {
    const said = box.querySelector("[role='status']");
    const stage = box.querySelector(".net-stage");
    let piece;
    try {
      [piece] = await Promise.all([fetchJSON(box.dataset.network), load("graphology"), load("sigma")]);
    } catch (error) {
      said.textContent = say("The network could not be drawn: {reason}.", { reason: error.message });
      return;
    }
    if (!box.isConnected) return;
    const colours = palette[dark.matches ? "dark" : "light"];
    const style = getComputedStyle(document.body);
    const graph = toGraph(piece, colours);
    const faint = dark.matches ? "#363b42" : "#dedbd3";
    const out = dark.matches ? "#30343a" : "#e9e6df";
    let chosen = null;
    let near = new Set();
    const Sigma_ = globalThis.Sigma.Sigma ?? globalThis.Sigma;
    const view = new Sigma_(graph, stage, {
      labelColor: { color: style.color }, labelFont: style.fontFamily, labelSize: 13, defaultEdgeColor: faint,
      labelRenderedSizeThreshold: 5, labelDensity: 0.7, hideEdgesOnMove: graph.size > 8000, zIndex: true,
      defaultDrawNodeHover: drawHover,
      nodeReducer: (node, data) => {
        if (chosen === null) return data;
        if (near.has(node)) return { ...data, zIndex: 1, forceLabel: node === chosen || near.size < 40 };
        return { ...data, color: out, label: "", zIndex: 0 };
      },
      edgeReducer: (edge, data) => {
        if (chosen === null) return data;
        return graph.hasExtremity(edge, chosen) ? { ...data, color: colours[0], zIndex: 1 } : { ...data, hidden: true };
      },
    });
    const choose = (node) => {
      chosen = node;
      near = new Set(node === null ? [] : [node, ...graph.neighbors(node)]);
      view.refresh({ skipIndexation: true });
    };
    view.on("enterNode", ({ node, event }) => {
      const data = graph.getNodeAttributes(node);
      const place = stage.getBoundingClientRect();
      showTip(place.left + event.x, place.top + event.y, [
        ["", data.label], [say("count"), data.amount.toLocaleString("en")], [say("links drawn"), graph.degree(node).toLocaleString("en")],
      ]);
    });
    view.on("leaveNode", hideTip);
    view.on("clickNode", ({ node }) => choose(node === chosen ? null : node));
    view.on("clickStage", () => choose(null));
    const camera = view.getCamera();
    box.addEventListener("click", (event) => {
      const how = event.target.closest("[data-zoom]")?.dataset.zoom;
      if (how === "in") camera.animatedZoom({ duration: 120 });
      if (how === "out") camera.animatedUnzoom({ duration: 120 });
      if (how === "all") { choose(null); camera.animatedReset({ duration: 120 }); }
    });
    const byLabel = new Map(graph.mapNodes((node, data) => [data.label.toLowerCase(), node]));
    const names = box.querySelector("datalist");
    for (const [, label] of piece.nodes.slice(0, 500)) {
      const option = document.createElement("option");
      option.value = label;
      names.append(option);
    }
    box.querySelector("[data-find]").addEventListener("change", (event) => {
      const wanted = event.target.value.trim().toLowerCase();
      const node = byLabel.get(wanted) ?? [...byLabel].find(([label]) => wanted && label.includes(wanted))?.[1] ?? null;
      choose(node);
      if (node === null) return;
      const { x, y } = view.getNodeDisplayData(node);
      camera.animate({ x, y, ratio: 0.4 }, { duration: 120 });
    });
    const amounts = [sayMany("{n} node", "{n} nodes", graph.order), sayMany("{n} link", "{n} links", graph.size)];
    said.textContent = piece.note || amounts.join(", ");
    box.dataset.drawn = String(graph.order);
    views.push({ box, view });
  }

  function drawHover() { /* what is under the pointer is shown beside it, by the tip */ }

  const views = [];
  function drawNew(root) {
    for (const { box, view } of views.splice(0)) {
      if (box.isConnected) views.push({ box, view });
      else { view.kill(); hideTip(); }
    }
    for (const box of root.querySelectorAll("[data-network]:not([data-drawn])")) {
      box.dataset.drawn = "";
      drawNetwork(box);
    }
  }
  document.addEventListener("DOMContentLoaded", () => drawNew(document));
  document.addEventListener("htmx:load", () => drawNew(document));
  dark.addEventListener("change", () => {
    for (const { box, view } of views.splice(0)) {
      view.kill();
      if (box.isConnected) drawNetwork(box);
    }
  });
})();
