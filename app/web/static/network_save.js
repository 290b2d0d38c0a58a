// A network as a picture: what is on the stage, as it is shown now, without the frame around it.

const PADDING = 34;

export function save(form, { box, view, graph, nodes, isShown, state, ink, accent, fontFamily, color }) {
  const { width, height } = view.getDimensions();
  const at = (n) => view.framedGraphToViewport(view.getNodeDisplayData(n));
  const isOn = ({ x, y }) => x > -PADDING && y > -PADDING && x < width + PADDING && y < height + PADDING;
  const isFaint = (n) => state.chosen !== null && !state.near.has(n);
  const lines = graph.mapEdges((_, data, source, target) => ({ data, source: Number(source), target: Number(target) }))
    .filter(({ source, target }) => isShown(source) && isShown(target) && (state.chosen === null || source === state.chosen || target === state.chosen))
    .map(({ data, source, target }) => ({ from: at(source), to: at(target), colour: state.chosen === null ? data.color : accent, width: data.size }))
    .filter(({ from, to }) => isOn(from) || isOn(to));
  const dots = nodes.map((node, n) => ({ n, ...at(n), radius: view.scaleSize(node.size), colour: isFaint(n) ? ink.out : graph.getNodeAttribute(n, "color") }))
    .filter((dot) => isShown(dot.n) && isOn(dot)).sort((a, b) => a.radius - b.radius);
  const named = new Set([...view.getNodeDisplayedLabels()].map(Number));
  const labels = dots.filter(({ n }) => named.has(n) && !isFaint(n));
  const name = `${box.dataset.name || "network"}.${form}`;
  const font = `500 13px ${fontFamily}`;
  if (form === "svg") {
    const escaped = (text) => String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
    const short = (value) => Math.round(value * 100) / 100;
    keep(new Blob([
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><rect width="100%" height="100%" fill="${ink.paper}"/><g>`,
      ...lines.map(({ from, to, colour, width: thick }) => `<path d="M${short(from.x)} ${short(from.y)}L${short(to.x)} ${short(to.y)}" stroke="${colour}" stroke-width="${short(thick)}"/>`),
      "</g><g>",
      ...dots.map(({ n, x, y, radius, colour }) => `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="${colour}"><title>${escaped(nodes[n].label)}</title></circle>`),
      `</g><g font-family="${escaped(fontFamily)}" font-size="13" font-weight="500" fill="${escaped(color)}">`,
      ...labels.map(({ n, x, y, radius }) => `<text x="${short(x + radius + 3)}" y="${short(y + 4)}">${escaped(nodes[n].label)}</text>`),
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
  for (const { from, to, colour, width: thick } of lines) {
    pen.strokeStyle = colour;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
  }
  for (const { x, y, radius, colour } of dots) {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.font = font;
  pen.fillStyle = color;
  for (const { n, x, y, radius } of labels) pen.fillText(nodes[n].label, x + radius + 3, y + 4);
  canvas.toBlob((blob) => keep(blob, name));
}

function keep(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
