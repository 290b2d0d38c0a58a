// Networks: drawn by sigma, laid out, coloured and sized as the reader chooses, searched, and saved as a picture.

import { LAYOUTS } from "./network_layout.js";
import { INKS, PALETTE, colouring, inWords, isNumeric, mix, rgb, sizing } from "./network_look.js";
import { save } from "./network_save.js";

const MOST_NAMES = 500;

export async function draw(box, { load, fetchJSON, theme, showTip, hideTip }) {
  const find = (selector) => box.querySelector(selector);
  const status = find("[role='status']");
  let piece;
  try {
    [piece] = await Promise.all([fetchJSON(box.dataset.network), load("graphology"), load("sigma")]);
  } catch (error) {
    status.textContent = say("The network could not be drawn: {reason}. Load the page again; the tab Nodes has it as a table.", { reason: error.message });
    return null;
  }
  if (!box.isConnected) return null;
  const stage = find(".net-stage");
  const ink = INKS[theme()];
  const accent = PALETTE[theme()][0];
  const nodes = piece.nodes.map(([key, label, x, y, amount, community]) => ({ key, label: label || key, x, y, amount, community, size: 4 }));
  const attributes = new Map((piece.attributes ?? []).map((one) => [one.name, one]));
  attributes.set("community", { name: "community", values: nodes.map((node) => node.community) });

  const graph = new graphology.UndirectedGraph();
  nodes.forEach((node, n) => graph.addNode(n, { label: node.label, x: 0, y: 0, size: 4, color: ink.rest }));
  const heaviest = piece.edges[0]?.[2] || 1;
  for (const [source, target, weight] of piece.edges) {
    if (source !== target && !graph.hasEdge(source, target)) graph.addEdge(source, target, { size: 0.4 + 2.4 * Math.sqrt(weight / heaviest), weight });
  }
  const degrees = nodes.map((_, n) => graph.degree(n));
  const state = { chosen: null, near: new Set(), group: undefined, least: 0, look: null };
  const isShown = (n) => degrees[n] >= state.least && (state.group === undefined || state.look.groupOf?.(n) === state.group);

  const style = getComputedStyle(document.body);
  const Renderer = globalThis.Sigma.Sigma ?? globalThis.Sigma;
  const view = new Renderer(graph, stage, {
    labelColor: { color: style.color }, labelFont: style.fontFamily, labelSize: 13, labelWeight: "500", defaultEdgeColor: ink.edge,
    labelRenderedSizeThreshold: 5, labelDensity: 0.5, labelGridCellSize: 90, hideEdgesOnMove: graph.size > 8000, zIndex: true,
    defaultDrawNodeHover: () => {}, // what is under the pointer is shown beside it
    nodeReducer: (node, data) => {
      const n = Number(node);
      if (!isShown(n)) return { ...data, hidden: true };
      if (state.chosen === null) return data;
      if (state.near.has(n)) return { ...data, zIndex: 2, forceLabel: n === state.chosen || state.near.size < 40 };
      return { ...data, color: ink.out, label: "", zIndex: 0 };
    },
    edgeReducer: (edge, data) => {
      const [source, target] = graph.extremities(edge).map(Number);
      if (!isShown(source) || !isShown(target)) return { ...data, hidden: true };
      if (state.chosen === null) return data;
      return source === state.chosen || target === state.chosen ? { ...data, color: accent, zIndex: 1 } : { ...data, hidden: true };
    },
  });
  const refresh = () => view.refresh({ skipIndexation: true });

  function tell() {
    const shown = nodes.filter((_, n) => isShown(n)).length;
    const all = piece.note || [sayMany("{n} node", "{n} nodes", graph.order), sayMany("{n} link", "{n} links", graph.size)].join(", ");
    status.textContent = shown === nodes.length ? all : sayMany("{n} node of {all} shown", "{n} nodes of {all} shown", shown, { all: nodes.length.toLocaleString("en") });
  }

  function choose(n) {
    state.chosen = n;
    state.near = new Set(n === null ? [] : [n, ...graph.neighbors(n).map(Number)]);
    refresh();
    const about = find(".net-about");
    about.hidden = n === null;
    if (n === null) return;
    const links = graph.neighbors(n).map((other) => [Number(other), graph.getEdgeAttribute(graph.edge(n, other), "weight")])
      .filter(([other]) => isShown(other)).sort((a, b) => b[1] - a[1]);
    const facts = [...attributes.values()].filter(({ name }) => name !== "links").map(({ name, values }) => `${name} ${inWords(values[n])}`);
    const heading = document.createElement("div");
    const name = document.createElement("b");
    name.textContent = nodes[n].label;
    heading.append(name, ` · ${facts.join(" · ")} · ${sayMany("{n} link", "{n} links", links.length)}`);
    const list = document.createElement("div");
    list.className = "chips";
    for (const [other, weight] of links.slice(0, 12)) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "chip";
      chip.dataset.node = other;
      chip.textContent = `${nodes[other].label} ${inWords(weight)}`;
      list.append(chip);
    }
    if (links.length > 12) list.append(say("and {amount} more", { amount: (links.length - 12).toLocaleString("en") }));
    about.replaceChildren(heading, list);
  }

  function goTo(n) {
    choose(n);
    const { x, y } = view.getNodeDisplayData(n);
    view.getCamera().animate({ x, y, ratio: 0.4 }, { duration: 120 });
  }

  function showLegend() {
    const legend = find(".net-legend");
    const { legend: entries, scale } = state.look;
    legend.replaceChildren(...entries.map((entry) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.group = entry.isRest ? "" : JSON.stringify(entry.value);
      button.setAttribute("aria-pressed", String(state.group !== undefined && state.group === (entry.isRest ? null : entry.value)));
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      dot.setAttribute("viewBox", "0 0 10 10");
      dot.setAttribute("aria-hidden", "true");
      dot.innerHTML = `<circle cx="5" cy="5" r="5" fill="${entry.colour}"/>`;
      const count = document.createElement("span");
      count.className = "soft num";
      count.textContent = entry.count.toLocaleString("en");
      button.append(dot, entry.isRest ? say("{amount} others", { amount: entry.kinds.toLocaleString("en") }) : inWords(entry.value), count);
      return button;
    }));
    if (scale) {
      legend.innerHTML = `<div><span class="num">${inWords(scale.low)}</span><svg viewBox="0 0 90 8" aria-hidden="true"><defs><linearGradient id="net-scale"><stop offset="0" stop-color="${scale.from}"/><stop offset="1" stop-color="${scale.to}"/></linearGradient></defs><rect width="90" height="8" rx="4" fill="url(#net-scale)"/></svg><span class="num">${inWords(scale.high)}</span></div>`;
    }
    legend.hidden = !entries.length && !scale;
  }

  const chosenIn = (name) => find(`[data-look="${name}"]`).value;
  function restyle() {
    const sizeOf = sizing(nodes, attributes.get(chosenIn("size")));
    state.look = colouring(nodes, attributes.get(chosenIn("colour")), theme());
    state.group = undefined;
    nodes.forEach((node, n) => {
      node.size = sizeOf(n);
      graph.mergeNodeAttributes(n, { size: node.size, color: state.look.of(n) });
    });
    const paper = rgb(ink.paper);
    graph.forEachEdge((edge, _, source, target) => {
      const [one, other] = [graph.getNodeAttribute(source, "color"), graph.getNodeAttribute(target, "color")];
      const isInside = one === other && one.startsWith("#") && state.look.legend.length;
      graph.setEdgeAttribute(edge, "color", isInside ? mix(paper, rgb(one), 0.32) : ink.edge);
    });
    showLegend();
    tell();
  }
  function place() {
    LAYOUTS[chosenIn("layout")](nodes).forEach(([x, y], n) => graph.mergeNodeAttributes(n, { x, y }));
    view.refresh();
    view.getCamera().animatedReset({ duration: 120 });
  }

  for (const name of ["size", "colour"]) {
    const select = find(`[data-look="${name}"]`);
    for (const { name: attribute, values } of attributes.values()) {
      if (name === "size" && (!isNumeric(values) || attribute === "community")) continue;
      if (name === "colour" && attribute === "community" && new Set(values).size < 2) continue;
      select.append(new Option(attribute, attribute));
    }
    const usual = name === "size" ? ["frequency", "links"] : ["community"];
    select.value = usual.find((one) => [...select.options].some((option) => option.value === one)) ?? "";
  }
  const slider = find("[data-look='least']");
  slider.max = Math.min(50, Math.max(1, ...degrees));

  view.on("enterNode", ({ node, event }) => {
    const at = stage.getBoundingClientRect();
    const n = Number(node);
    stage.classList.add("over-node");
    showTip(at.left + event.x, at.top + event.y, [["", nodes[n].label], ...[...attributes.values()].map(({ name, values }) => [name, inWords(values[n])])]);
  });
  view.on("leaveNode", () => { stage.classList.remove("over-node"); hideTip(); });
  view.on("clickNode", ({ node }) => choose(Number(node) === state.chosen ? null : Number(node)));
  view.on("clickStage", () => choose(null));

  const camera = view.getCamera();
  const zoom = {
    in: () => camera.animatedZoom({ duration: 120 }),
    out: () => camera.animatedUnzoom({ duration: 120 }),
    all: () => { choose(null); camera.animatedReset({ duration: 120 }); },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen?.()),
  };
  box.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    zoom[at("[data-zoom]")?.dataset.zoom]?.();
    if (at("[data-node]")) goTo(Number(at("[data-node]").dataset.node));
    const entry = at("[data-group]");
    if (entry) {
      const group = entry.dataset.group === "" ? null : JSON.parse(entry.dataset.group);
      state.group = state.group === group ? undefined : group;
      choose(null);
      showLegend();
      tell();
      [...box.querySelectorAll("[data-group]")].find((one) => one.dataset.group === entry.dataset.group)?.focus();
    }
    const form = at("[data-save]")?.dataset.save;
    if (form) save(form, { box, view, graph, nodes, isShown, state, ink, accent, ...style });
  });
  box.addEventListener("change", (event) => {
    const look = event.target.dataset?.look;
    if (look === "layout") place();
    if (look === "colour" || look === "size") { choose(null); restyle(); refresh(); }
  });
  slider.addEventListener("input", () => {
    state.least = Number(slider.value);
    find("[data-least]").textContent = slider.value;
    refresh();
    tell();
  });
  stage.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    const { x, y, ratio } = camera.getState();
    if (by) camera.animate({ x: x + by[0] * ratio, y: y + by[1] * ratio }, { duration: 120 });
    else if (event.key === "+" || event.key === "=") zoom.in();
    else if (event.key === "-") zoom.out();
    else if (event.key === "0") zoom.all();
    else return;
    event.preventDefault();
  });

  const byLabel = new Map(nodes.map((node, n) => [node.label.toLowerCase(), n]));
  find("datalist").replaceChildren(...nodes.slice(0, MOST_NAMES).map((node) => new Option(node.label, node.label)));
  find("[data-find]").addEventListener("change", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    const n = byLabel.get(wanted) ?? [...byLabel].find(([label]) => wanted && label.includes(wanted))?.[1];
    if (n !== undefined) goTo(n);
    else { choose(null); status.textContent = wanted ? say("No node is called “{name}”.", { name: event.target.value.trim() }) : status.textContent; if (!wanted) tell(); }
  });
  restyle();
  place();
  box.dataset.drawn = String(graph.order);
  return view;
}
