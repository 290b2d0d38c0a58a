// Lays out a network by ForceAtlas2, beside the page: it is told the nodes and links once, and then asked for round after round.

import iterate from "./vendor/forceatlas2.js";

const PER_NODE = 10; // x, y, then what a round leaves for the next one, mass, and size: as the library has it
const STILL = 0.00025; // a mean step below this share of the whole counts as rest, when it lasts
const RESTS = 12;

let layout = null;

function begin({ places, links, sizes }) {
  const count = places.length / 2;
  const nodes = new Float32Array(count * PER_NODE);
  for (let n = 0; n < count; n += 1) nodes.set([places[2 * n], places[2 * n + 1], 0, 0, 0, 0, 1, 1, sizes[n], 0], n * PER_NODE);
  const edges = new Float32Array(links.length);
  for (let at = 0; at < links.length; at += 3) {
    const weight = 1 + Math.log(Math.max(links[at + 2], 1));
    edges.set([links[at] * PER_NODE, links[at + 1] * PER_NODE, weight], at);
    for (const end of [links[at], links[at + 1]]) nodes[end * PER_NODE + 6] += weight;
  }
  // As the library itself chooses them by the number of nodes; more than it is taken together from afar, as Gephi does.
  const settings = {
    adjustSizes: false, barnesHutOptimize: count > 2000, barnesHutTheta: 1, edgeWeightInfluence: 1, gravity: 0.05, linLogMode: false,
    outboundAttractionDistribution: false, scalingRatio: 10, slowDown: 1 + Math.log(count), strongGravityMode: true,
  };
  layout = { nodes, edges, settings, count, rounds: 0, resting: 0, before: placesOf(nodes) };
}

function placesOf(nodes) {
  const places = new Float32Array((nodes.length / PER_NODE) * 2);
  for (let n = 0, at = 0; n < nodes.length; n += PER_NODE, at += 2) [places[at], places[at + 1]] = [nodes[n], nodes[n + 1]];
  return places;
}

// How far a node went in one round, as a share of how wide the network is.
function stepOf(before, after, rounds) {
  let [low, high, far] = [Infinity, -Infinity, 0];
  for (let at = 0; at < after.length; at += 2) {
    low = Math.min(low, after[at]);
    high = Math.max(high, after[at]);
    far += Math.hypot(after[at] - before[at], after[at + 1] - before[at + 1]);
  }
  return far / (after.length / 2) / rounds / (high - low || 1);
}

function go(milliseconds) {
  const until = performance.now() + milliseconds;
  let rounds = 0;
  do {
    iterate(layout.settings, layout.nodes, layout.edges);
    rounds += 1;
  } while (performance.now() < until);
  layout.rounds += rounds;
  const places = placesOf(layout.nodes);
  layout.resting = stepOf(layout.before, places, rounds) < STILL ? layout.resting + 1 : 0;
  layout.before = places.slice();
  postMessage({ places, rounds: layout.rounds, isAtRest: layout.resting >= RESTS }, [places.buffer]);
}

function hold({ node, x, y }) {
  const at = node * PER_NODE;
  if (x !== undefined) [layout.nodes[at], layout.nodes[at + 1]] = [x, y];
  layout.nodes[at + 9] = x === undefined ? 0 : 1;
  layout.resting = 0;
}

addEventListener("message", ({ data }) => {
  if (data.begin) begin(data.begin);
  if (data.hold) hold(data.hold);
  if (data.go) go(data.go);
});
