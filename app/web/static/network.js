// Networks: drawn by sigma, laid out, coloured and sized as the reader chooses, searched, and saved as a picture or for Gephi.

import { forces } from "./network_forces.js";
import { LAYOUTS } from "./network_layout.js";
import { INKS, colouring, inWords, isNumeric, mix, rgb, sizing } from "./network_look.js";
import { names as namesOf } from "./network_names.js";
import { showAbout, showLegend } from "./network_panel.js";
import { save } from "./network_save.js";

const MOST_NAMES = 500;
const QUICK = { duration: 120 };
const SLOW = 120; // milliseconds for one picture, with which many links are drawn more simply
const MANY = 1500;
const OUT_OF_THE_WAY = 2; // how large a dot is at most, when others are looked at: links run below dots
const STRONGEST = 1000; // of many links, so many are drawn as they are even then, also while something moves
// How many names are shown: how near to each other they may stand, and how large a dot must be to have one.
const NAMES = {
  none: { renderLabels: false },
  few: { renderLabels: true, labelDensity: 0.5, labelRenderedSizeThreshold: 5 },
  many: { renderLabels: true, labelDensity: 2, labelRenderedSizeThreshold: 2.5 },
  all: { renderLabels: true, labelDensity: 1000, labelRenderedSizeThreshold: 0 },
};

function graphOf(piece, nodes, ink) {
  const graph = piece.directed ? new graphology.DirectedGraph() : new graphology.UndirectedGraph();
  nodes.forEach((node, n) => graph.addNode(n, { label: node.label, x: 0, y: 0, size: 4, color: ink.rest }));
  const heaviest = piece.edges[0]?.[2] || 1;
  const [thin, wide] = piece.directed ? [0.7, 2.8] : [0.4, 2.4];
  let rank = 0;
  for (const [source, target, weight] of piece.edges) { // the strongest first
    if (source === target || graph.hasEdge(source, target)) continue;
    graph.addEdge(source, target, { size: thin + wide * Math.sqrt(weight / heaviest), weight, rank: rank++, type: piece.directed ? "arrow" : "line" });
  }
  return graph;
}

// How links are drawn: as wide as they are strong, with an arrow where they have a direction; or as the thinnest of lines,
// which are left out while something moves.
const ways = (isBusy) => ({
  line: Sigma.rendering.EdgeRectangleProgram,
  arrow: Sigma.rendering.createEdgeArrowProgram({ lengthToThicknessRatio: 5, widenessToThicknessRatio: 4 }),
  hair: Sigma.rendering.EdgeLineProgram,
  thin: class extends Sigma.rendering.EdgeLineProgram {
    render(...given) { if (!isBusy()) super.render(...given); }
  },
  unseen: Unseen,
});

// What is not to be drawn for a while, and costs nothing.
class Unseen {
  reallocate() {}
  process() {}
  render() {}
  kill() {}
}

// Whether this machine takes so long for a picture of many links that nothing could move smoothly.
function isSlowWith(view) {
  const began = performance.now();
  view.refresh();
  const pen = view.getCanvases().edges.getContext("webgl2");
  pen?.readPixels(0, 0, 1, 1, pen.RGBA, pen.UNSIGNED_BYTE, new Uint8Array(4)); // waits until all is drawn
  return performance.now() - began > SLOW;
}

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
  const palette = JSON.parse(box.dataset.palette)[theme()];
  const [accent] = palette;
  const nodes = piece.nodes.map(([key, label, x, y, amount, community]) => ({ key, label: label || key, x, y, amount, community, size: 4 }));
  const attributes = new Map((piece.attributes ?? []).map((one) => [one.name, one]));
  attributes.set("community", { name: "community", values: nodes.map((node) => node.community) });

  const graph = graphOf(piece, nodes, ink);
  const degrees = nodes.map((_, n) => graph.degree(n));
  const state = { chosen: null, near: new Set(), group: undefined, least: 0, look: null, isSlow: false, isMoving: false };
  const isShown = (n) => degrees[n] >= state.least && (state.group === undefined || state.look.groupOf?.(n) === state.group);

  const style = getComputedStyle(document.body);
  const labels = namesOf(ink, () => ({ width: stage.clientWidth, height: stage.clientHeight }));
  let view = null; // sigma draws before it is there
  const isBusy = () => view !== null && (state.isMoving || view.getCamera().isAnimated() || view.getMouseCaptor().isMoving || view.getTouchCaptor().isMoving);
  view = new Sigma.Sigma(graph, stage, {
    labelColor: { color: style.color }, labelFont: style.fontFamily, labelSize: 13, labelWeight: "500", defaultEdgeColor: ink.edge,
    labelGridCellSize: 90, zIndex: true, ...NAMES.few, edgeProgramClasses: ways(isBusy),
    nodeProgramClasses: { circle: Sigma.rendering.NodeCircleProgram, point: Sigma.rendering.NodePointProgram },
    defaultDrawNodeLabel: labels.draw,
    defaultDrawNodeHover: () => {}, // what is under the pointer is shown beside it
    nodeReducer: (node, plain) => {
      const n = Number(node);
      const data = state.isSlow ? { ...plain, type: "point" } : plain;
      if (!isShown(n)) return { ...data, hidden: true };
      if (state.chosen === null) return data;
      if (state.near.has(n)) return { ...data, zIndex: 2, forceLabel: n === state.chosen || state.near.size < 40 };
      return { ...data, color: ink.out, label: "", zIndex: 0, size: Math.min(data.size, OUT_OF_THE_WAY) };
    },
    edgeReducer: (edge, data) => {
      const [source, target] = graph.extremities(edge).map(Number);
      const isWeak = state.isSlow && data.rank >= STRONGEST;
      if (state.isMoving && state.isSlow) return { ...data, type: isWeak ? "unseen" : "hair" };
      if (!isShown(source) || !isShown(target)) return { ...data, hidden: true };
      if (state.chosen === null) return isWeak ? { ...data, type: "thin", zIndex: -1 } : data;
      return source === state.chosen || target === state.chosen ? { ...data, color: accent, zIndex: 1 } : { ...data, hidden: true };
    },
  });
  const refresh = () => view.refresh({ skipIndexation: !state.isSlow }); // on slow machines links change how they are drawn
  const camera = view.getCamera();
  view.on("beforeRender", labels.begin);

  function tell() {
    const shown = nodes.filter((_, n) => isShown(n)).length;
    const amounts = piece.note || [sayMany("{n} node", "{n} nodes", graph.order), sayMany("{n} link", "{n} links", graph.size)].join(", ");
    const simpler = state.isSlow && say("All but the {amount} strongest links are thin lines, and not drawn while something moves, so that it stays smooth here.", { amount: STRONGEST.toLocaleString("en") });
    const all = simpler ? [amounts.replace(/\.$/, ""), simpler].join(". ") : amounts;
    status.textContent = shown === nodes.length ? all : sayMany("{n} node of {all} shown", "{n} nodes of {all} shown", shown, { all: nodes.length.toLocaleString("en") });
  }

  function choose(n) {
    state.chosen = n;
    state.near = new Set(n === null ? [] : [n, ...graph.neighbors(n).map(Number)]);
    refresh();
    showAbout(find(".net-about"), n, { graph, nodes, attributes, isShown });
  }

  function goTo(n) {
    choose(n);
    const { x, y } = view.getNodeDisplayData(n);
    camera.animate({ x, y, ratio: 0.4 }, QUICK);
  }

  const legend = () => showLegend(find(".net-legend"), state.look, (value) => state.group !== undefined && state.group === value);
  const chosenIn = (name) => find(`[data-look="${name}"]`).value;
  function restyle() {
    const sizeOf = sizing(nodes, attributes.get(chosenIn("size")));
    state.look = colouring(nodes, attributes.get(chosenIn("colour")), theme(), palette);
    state.group = undefined;
    nodes.forEach((node, n) => { node.size = sizeOf(n); });
    graph.updateEachNodeAttributes((n, data) => ({ ...data, size: nodes[n].size, color: state.look.of(Number(n)) }), { attributes: ["size", "color"] });
    const paper = rgb(ink.paper);
    graph.updateEachEdgeAttributes((edge, data, source, target) => {
      const [one, other] = [graph.getNodeAttribute(source, "color"), graph.getNodeAttribute(target, "color")];
      const isInside = one === other && one.startsWith("#") && state.look.legend.length;
      return { ...data, color: isInside ? mix(paper, rgb(one), 0.32) : ink.edge };
    }, { attributes: ["color"] });
    legend();
    tell();
  }

  // Where the nodes stand: by a layout that is there at once, or by forces at work.
  const startButton = find("[data-forces]");
  const setPlaces = (placeOf) => graph.updateEachNodeAttributes((n, data) => ({ ...data, ...placeOf(Number(n)) }), { attributes: ["x", "y"] });
  const force = forces({
    show: (places, rounds) => {
      setPlaces((n) => ({ x: places[2 * n], y: places[2 * n + 1] }));
      status.textContent = sayMany("{n} round", "{n} rounds", rounds);
    },
    end: () => {
      state.isMoving = false;
      if (state.isSlow) refresh();
      startButton.setAttribute("aria-pressed", "false");
      startButton.textContent = say("Let it move");
      box.dataset.moved = "";
      tell();
    },
  });
  function startForces() {
    const at = new Float32Array(2 * nodes.length);
    nodes.forEach((_, n) => at.set([graph.getNodeAttribute(n, "x"), graph.getNodeAttribute(n, "y")], 2 * n));
    const links = new Float32Array(3 * graph.size);
    let place = 0;
    graph.forEachEdge((_, { weight }, source, target) => { links.set([source, target, weight], place); place += 3; });
    state.isMoving = true;
    if (state.isSlow) refresh();
    startButton.setAttribute("aria-pressed", "true");
    startButton.textContent = say("Stop");
    force.start(at, links, Float32Array.from(nodes, (node) => node.size));
  }
  function place() {
    force.stop();
    const now = nodes.map((_, n) => [graph.getNodeAttribute(n, "x"), graph.getNodeAttribute(n, "y")]);
    const places = LAYOUTS[chosenIn("layout")](nodes, now);
    setPlaces((n) => ({ x: places[n][0], y: places[n][1] }));
    camera.animatedReset(QUICK);
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
  view.on("clickStage", () => choose(null));

  // A node goes where it is dragged, and the forces leave it there meanwhile.
  let dragged = null;
  view.on("downNode", ({ node, event }) => { dragged = { n: Number(node), x: event.x, y: event.y, isMoved: false }; });
  view.on("moveBody", ({ event }) => {
    if (!dragged || (!dragged.isMoved && Math.hypot(event.x - dragged.x, event.y - dragged.y) < 4)) return;
    if (!dragged.isMoved) view.setCustomBBox(view.getBBox());
    dragged.isMoved = true;
    hideTip();
    const { x, y } = view.viewportToGraph(event);
    graph.mergeNodeAttributes(dragged.n, { x, y });
    force.hold(dragged.n, x, y);
    event.preventSigmaDefault();
    event.original.preventDefault();
  });
  view.on("upNode", ({ node }) => { if (!dragged?.isMoved) choose(Number(node) === state.chosen ? null : Number(node)); });
  const letGo = () => {
    if (dragged?.isMoved) { force.hold(dragged.n); view.setCustomBBox(null); }
    dragged = null;
  };
  for (const up of ["upNode", "upStage"]) view.on(up, letGo);

  const zoom = {
    in: () => camera.animatedZoom(QUICK),
    out: () => camera.animatedUnzoom(QUICK),
    all: () => { choose(null); camera.animatedReset(QUICK); },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen?.()),
  };
  box.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    zoom[at("[data-zoom]")?.dataset.zoom]?.();
    if (at("[data-node]")) goTo(Number(at("[data-node]").dataset.node));
    if (at("[data-forces]")) force.isRunning() ? force.stop() : startForces();
    const entry = at("[data-group]");
    if (entry) {
      const group = entry.dataset.group === "" ? null : JSON.parse(entry.dataset.group);
      state.group = state.group === group ? undefined : group;
      choose(null);
      legend();
      tell();
      [...box.querySelectorAll("[data-group]")].find((one) => one.dataset.group === entry.dataset.group)?.focus();
    }
    const form = at("[data-save]")?.dataset.save;
    if (form) save(form, { box, view, graph, nodes, attributes, isShown, isDirected: piece.directed, state, ink, accent, ...style });
  });
  box.addEventListener("change", (event) => {
    const look = event.target.dataset?.look;
    if (look === "layout") place();
    if (look === "names") view.setSettings(NAMES[event.target.value]);
    if (look === "colour" || look === "size") { choose(null); restyle(); }
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
    if (by) camera.animate({ x: x + by[0] * ratio, y: y + by[1] * ratio }, QUICK);
    else if (event.key === "+" || event.key === "=") zoom.in();
    else if (event.key === "-") zoom.out();
    else if (event.key === "0") zoom.all();
    else return;
    event.preventDefault();
  });

  // The node of that very name first, then those with it in their name; Enter goes from one to the next.
  find("datalist").replaceChildren(...nodes.slice(0, MOST_NAMES).map((node) => new Option(node.label, node.label)));
  const finder = find("[data-find]");
  const search = { wanted: "", found: [], at: 0 };
  function findNext() {
    const wanted = finder.value.trim().toLowerCase();
    const names = nodes.map((node) => node.label.toLowerCase());
    if (wanted !== search.wanted) {
      const found = names.flatMap((name, n) => (wanted && name.includes(wanted) && isShown(n) ? [n] : []));
      Object.assign(search, { wanted, found: found.sort((a, b) => (names[b] === wanted) - (names[a] === wanted)), at: 0 });
    } else search.at = (search.at + 1) % Math.max(search.found.length, 1);
    if (!search.found.length) {
      choose(null);
      if (wanted) status.textContent = say("No node is called “{name}”.", { name: finder.value.trim() });
      else tell();
      return;
    }
    goTo(search.found[search.at]);
    if (search.found.length > 1) status.textContent = say("{at} of {all} nodes with that in their name; Enter goes to the next", { at: search.at + 1, all: search.found.length.toLocaleString("en") });
    else tell();
  }
  finder.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); findNext(); } });
  finder.addEventListener("change", () => { if (finder.value.trim().toLowerCase() !== search.wanted) findNext(); });

  restyle();
  place();
  if (graph.size > MANY && isSlowWith(view)) {
    state.isSlow = true;
    view.refresh();
    let pause = 0;
    camera.on("updated", () => {
      clearTimeout(pause);
      pause = setTimeout(() => view.scheduleRender(), 150); // the thin lines come back
    });
    tell();
  }
  box.dataset.drawn = String(graph.order);
  return { kill: () => { force.stop(); view.kill(); }, view };
}
