// A network as a file: a picture of what is on the stage, as it is shown now, or all that is shown, for Gephi.

import { asGEXF, escaped } from "./network_gexf.js";

const PADDING = 34;

// The head of an arrow that ends at the border of a dot, as three corners.
function headOf({ from, to, width, radius }) {
  const [across, down] = [to.x - from.x, to.y - from.y];
  const far = Math.hypot(across, down) || 1;
  const [dx, dy] = [across / far, down / far];
  const [long, wide] = [Math.min(width * 5, far / 2), width * 2];
  const tip = { x: to.x - dx * radius, y: to.y - dy * radius };
  const foot = { x: tip.x - dx * long, y: tip.y - dy * long };
  return [tip, { x: foot.x - dy * wide, y: foot.y + dx * wide }, { x: foot.x + dy * wide, y: foot.y - dx * wide }];
}

export function save(form, { box, view, graph, nodes, attributes, isShown, isDirected, state, ink, accent, fontFamily, color }) {
  const name = `${box.dataset.name || "network"}.${form}`;
  if (form === "gexf") {
    keep(new Blob([asGEXF({ graph, nodes, attributes, isShown, isDirected })], { type: "application/gexf+xml" }), name);
    return;
  }
  const { width, height } = view.getDimensions();
  const at = (n) => view.framedGraphToViewport(view.getNodeDisplayData(n));
  const isOn = ({ x, y }) => x > -PADDING && y > -PADDING && x < width + PADDING && y < height + PADDING;
  const isFaint = (n) => state.chosen !== null && !state.near.has(n);
  const lines = graph.mapEdges((_, data, source, target) => ({ data, source: Number(source), target: Number(target) }))
    .filter(({ source, target }) => isShown(source) && isShown(target) && (state.chosen === null || source === state.chosen || target === state.chosen))
    .map(({ data, source, target }) => ({ from: at(source), to: at(target), radius: view.scaleSize(nodes[target].size), colour: state.chosen === null ? data.color : accent, width: view.scaleSize(data.size) }))
    .filter(({ from, to }) => isOn(from) || isOn(to))
    .map((line) => ({ ...line, head: isDirected ? headOf(line) : null }));
  const dots = nodes.map((node, n) => ({ n, ...at(n), radius: view.scaleSize(node.size), colour: isFaint(n) ? ink.out : graph.getNodeAttribute(n, "color") }))
    .filter((dot) => isShown(dot.n) && isOn(dot)).sort((a, b) => a.radius - b.radius);
  const named = new Set(view.getSetting("renderLabels") ? [...view.getNodeDisplayedLabels()].map(Number) : []);
  const font = `500 13px ${fontFamily}`;
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = font;
  const labels = dots.filter(({ n }) => named.has(n) && !isFaint(n)).map((dot) => { // within the picture, as on the stage
    const wide = ruler.measureText(nodes[dot.n].label).width;
    const [right, left] = [dot.x + dot.radius + 3, dot.x - dot.radius - 3 - wide];
    return { n: dot.n, x: right + wide <= width ? right : Math.max(left, 0), y: dot.y + 4 };
  });
  if (form === "svg") {
    const short = (value) => Math.round(value * 100) / 100;
    keep(new Blob([
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="${ink.paper}"/><g>`,
      ...lines.map(({ from, to, colour, width: thick }) => `<path d="M${short(from.x)} ${short(from.y)}L${short(to.x)} ${short(to.y)}" stroke="${colour}" stroke-width="${short(thick)}"/>`),
      ...lines.filter(({ head }) => head).map(({ head, colour }) => `<path d="M${head.map(({ x, y }) => `${short(x)} ${short(y)}`).join("L")}Z" fill="${colour}"/>`),
      "</g><g>",
      ...dots.map(({ n, x, y, radius, colour }) => `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="${colour}"><title>${escaped(nodes[n].label)}</title></circle>`),
      `</g><g font-family="${escaped(fontFamily)}" font-size="13" font-weight="500" fill="${escaped(color)}">`,
      ...labels.map(({ n, x, y }) => `<text x="${short(x)}" y="${short(y)}">${escaped(nodes[n].label)}</text>`),
      "</g></svg>",
    ], { type: "image/svg+xml" }), name);
    return;
  }
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * 2, height * 2];
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = ink.paper;
  pen.fillRect(0, 0, width, height);
  for (const { from, to, head, colour, width: thick } of lines) {
    [pen.strokeStyle, pen.fillStyle, pen.lineWidth] = [colour, colour, thick];
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    if (!head) continue;
    pen.beginPath();
    for (const { x, y } of head) pen.lineTo(x, y);
    pen.fill();
  }
  for (const { x, y, radius, colour } of dots) {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.font = font;
  pen.fillStyle = color;
  for (const { n, x, y } of labels) pen.fillText(nodes[n].label, x, y);
  canvas.toBlob((blob) => keep(blob, name));
}

function keep(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
