// Names of nodes: beside their dots, within the stage, none over another, and told from what lies below them.
const GAP = 4;

// A function that draws names as sigma asks for it, and one that begins a new picture.
export function names(ink, size) {
  let taken = [];
  const isFree = (box) => taken.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);

  function draw(pen, data, settings) {
    if (!data.label) return;
    const { width, height } = size();
    if (data.x < 0 || data.y < 0 || data.x > width || data.y > height) return;
    pen.font = `${settings.labelWeight} ${settings.labelSize}px ${settings.labelFont}`;
    const wide = pen.measureText(data.label).width;
    const within = (left) => Math.min(Math.max(left, GAP), Math.max(width - wide - GAP, GAP));
    const low = Math.min(Math.max(data.y + settings.labelSize / 3, settings.labelSize), height - GAP);
    const beside = [data.x + data.size + GAP, data.x - data.size - GAP - wide]; // to the right of the dot, else to its left
    const boxes = [...beside.filter((left) => left >= 0 && left + wide <= width), within(beside[0])]
      .map((left) => ({ left, right: left + wide, top: low - settings.labelSize, bottom: low + GAP }));
    const box = boxes.find(isFree) ?? (data.forceLabel ? boxes[0] : null);
    if (!box) return;
    taken.push(box);
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = ink.paper;
    pen.strokeText(data.label, box.left, low);
    pen.fillStyle = settings.labelColor.color;
    pen.fillText(data.label, box.left, low);
  }
  return { draw, begin: () => { taken = []; } };
}
