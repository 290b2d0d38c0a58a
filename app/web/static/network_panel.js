// What stands around a network: its legend, and what is known of the node that was chosen.

import { inWords } from "./network_look.js";

const MOST_LINKS = 12;

export function showLegend(legend, { legend: entries, scale }, isChosen) {
  legend.replaceChildren(...entries.map((entry) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.group = entry.isRest ? "" : JSON.stringify(entry.value);
    button.setAttribute("aria-pressed", String(isChosen(entry.isRest ? null : entry.value)));
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

// The links of a node, the strongest first; of a directed network each with the way it goes.
function linksOf(graph, n) {
  const found = [];
  graph.forEachEdge(n, (_, { weight }, source, target) => {
    const isOut = Number(source) === n;
    found.push({ other: Number(isOut ? target : source), weight, arrow: graph.type === "undirected" ? "" : isOut ? "→" : "←" });
  });
  return found.sort((a, b) => b.weight - a.weight);
}

export function showAbout(about, n, { graph, nodes, attributes, isShown }) {
  about.hidden = n === null;
  if (n === null) return;
  const links = linksOf(graph, n).filter(({ other }) => isShown(other));
  const facts = [...attributes.values()].filter(({ name }) => name !== "links").map(({ name, values }) => `${name} ${inWords(values[n])}`);
  const heading = document.createElement("div");
  const name = document.createElement("b");
  name.textContent = nodes[n].label;
  heading.append(name, ` · ${facts.join(" · ")} · ${sayMany("{n} link", "{n} links", links.length)}`);
  const list = document.createElement("div");
  list.className = "chips";
  for (const { other, weight, arrow } of links.slice(0, MOST_LINKS)) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.dataset.node = other;
    const label = nodes[other].label;
    chip.textContent = `${arrow} ${label} ${inWords(weight)}`.trim();
    if (arrow) chip.setAttribute("aria-label", arrow === "→" ? say("to {name}, {weight}", { name: label, weight: inWords(weight) }) : say("from {name}, {weight}", { name: label, weight: inWords(weight) }));
    list.append(chip);
  }
  if (links.length > MOST_LINKS) list.append(say("and {amount} more", { amount: (links.length - MOST_LINKS).toLocaleString("en") }));
  about.replaceChildren(heading, list);
}
