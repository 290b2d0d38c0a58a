// A network as GEXF, for Gephi: what is shown, where it stands now, in its colours and sizes.

const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;
const UNIT = 20; // Gephi draws dots in the unit of places; this leaves room between them

export const escaped = (text) => String(text).replace(NOT_XML, "").replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

function typeOf(values) {
  if (values.every(Number.isInteger)) return "long";
  return values.every((value) => typeof value === "number") ? "double" : "string";
}

function viz(data, scale) {
  const [red, green, blue] = data.color.startsWith("#")
    ? [1, 3, 5].map((at) => parseInt(data.color.slice(at, at + 2), 16))
    : data.color.match(/\d+/g);
  const [x, y] = [data.x, data.y].map((value) => (value * scale).toFixed(3)); // it draws upwards, as the stage does
  return `<viz:color r="${red}" g="${green}" b="${blue}"/><viz:position x="${x}" y="${y}" z="0.0"/><viz:size value="${data.size.toFixed(2)}"/>`;
}

export function asGEXF({ graph, nodes, attributes, isShown, isDirected }) {
  const known = [...attributes.values()].map((one) => ({ ...one, type: typeOf(one.values.filter((value) => value !== null)) }));
  const xs = nodes.map((_, n) => graph.getNodeAttribute(n, "x"));
  const width = xs.reduce((most, x) => Math.max(most, x), -Infinity) - xs.reduce((least, x) => Math.min(least, x), Infinity);
  const scale = (UNIT * Math.sqrt(nodes.length)) / (width || 1);
  const kind = isDirected ? "directed" : "undirected";
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">',
    `<graph defaultedgetype="${kind}" mode="static">`,
    `<attributes class="node">${known.map(({ name, type }, n) => `<attribute id="${n}" title="${escaped(name)}" type="${type}"/>`).join("")}</attributes>`,
    "<nodes>",
  ];
  nodes.forEach((node, n) => {
    if (!isShown(n)) return;
    const values = known.map((one, at) => (one.values[n] === null ? "" : `<attvalue for="${at}" value="${escaped(one.values[n])}"/>`)).join("");
    lines.push(`<node id="${escaped(node.key)}" label="${escaped(node.label)}"><attvalues>${values}</attvalues>${viz(graph.getNodeAttributes(n), scale)}</node>`);
  });
  lines.push("</nodes>", "<edges>");
  graph.forEachEdge((edge, { weight }, source, target) => {
    if (!isShown(Number(source)) || !isShown(Number(target))) return;
    lines.push(`<edge id="${edge}" source="${escaped(nodes[source].key)}" target="${escaped(nodes[target].key)}" weight="${weight}"/>`);
  });
  lines.push("</edges>", "</graph>", "</gexf>", "");
  return lines.join("\n");
}
