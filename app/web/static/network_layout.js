// Where the nodes of a network stand. Each layout gives an [x, y] for every node, by its number; it is told where they stand now.

const GOLDEN = 2.399963;

function sunflower(count, radius) {
  return Array.from({ length: count }, (_, n) => {
    const far = radius * Math.sqrt((n + 0.5) / count);
    return [far * Math.cos(n * GOLDEN), far * Math.sin(n * GOLDEN)];
  });
}

function asComputed(nodes) {
  const isPlaced = nodes.every((node) => node.x !== null && node.y !== null);
  return isPlaced ? nodes.map((node) => [node.x, node.y]) : sunflower(nodes.length, Math.sqrt(nodes.length));
}

// Pushes apart what overlaps where it stands now, some rounds over a grid whose cells are as wide as the largest node.
function withoutOverlaps(nodes, start) {
  const xs = start.map(([x]) => x);
  const ys = start.map(([, y]) => y);
  const width = Math.max(...xs) - Math.min(...xs) || 1;
  const unit = 700 / Math.max(width, Math.max(...ys) - Math.min(...ys) || 1); // about the pixels of the stage
  const places = start.map(([x, y]) => [x * unit, y * unit]);
  const room = nodes.map((node) => node.size + 2);
  const cell = 2 * Math.max(...room);
  for (let round = 0; round < 40; round += 1) {
    const grid = new Map();
    places.forEach(([x, y], n) => {
      const name = `${Math.floor(x / cell)},${Math.floor(y / cell)}`;
      grid.has(name) ? grid.get(name).push(n) : grid.set(name, [n]);
    });
    let moved = 0;
    places.forEach((place, n) => {
      const [column, row] = [Math.floor(place[0] / cell), Math.floor(place[1] / cell)];
      for (let dx = -1; dx <= 1; dx += 1) for (let dy = -1; dy <= 1; dy += 1) {
        for (const other of grid.get(`${column + dx},${row + dy}`) ?? []) {
          if (other <= n) continue;
          let [across, down] = [places[other][0] - place[0], places[other][1] - place[1]];
          if (!across && !down) [across, down] = [Math.cos(n), Math.sin(n)];
          const apart = Math.hypot(across, down);
          const wanted = room[n] + room[other];
          if (apart >= wanted) continue;
          const push = (wanted - apart) / 2 / apart;
          place[0] -= across * push; place[1] -= down * push;
          places[other][0] += across * push; places[other][1] += down * push;
          moved += 1;
        }
      }
    });
    if (!moved) break;
  }
  return places;
}

// Each community in a circle of its own, the largest in the middle; inside, the most used nodes in the centre.
function inCommunities(nodes) {
  const groups = new Map();
  nodes.forEach((node, n) => { groups.has(node.community) ? groups.get(node.community).push(n) : groups.set(node.community, [n]); });
  const circles = [...groups.values()].sort((a, b) => b.length - a.length)
    .map((members) => ({ members, radius: 1.5 + Math.sqrt(members.reduce((area, n) => area + (nodes[n].size / 4 + 0.8) ** 2, 0)) * 1.25 }));
  const placed = [];
  for (const circle of circles) {
    let [x, y, turn] = [0, 0, 0];
    while (placed.some((other) => Math.hypot(other.x - x, other.y - y) < other.radius + circle.radius + 1)) {
      turn += 0.2;
      [x, y] = [turn * 1.1 * Math.cos(turn), turn * 1.1 * Math.sin(turn)];
    }
    placed.push({ ...circle, x, y });
  }
  const places = [];
  for (const { members, radius, x, y } of placed) {
    const bySize = [...members].sort((a, b) => nodes[b].size - nodes[a].size);
    sunflower(members.length, radius).forEach(([dx, dy], n) => { places[bySize[n]] = [x + dx, y + dy]; });
  }
  return places;
}

function onACircle(nodes) {
  const order = nodes.map((_, n) => n).sort((a, b) => nodes[a].community - nodes[b].community || nodes[b].size - nodes[a].size);
  const places = [];
  order.forEach((n, at) => { places[n] = [Math.cos((2 * Math.PI * at) / nodes.length), Math.sin((2 * Math.PI * at) / nodes.length)]; });
  return places;
}

export const LAYOUTS = { force: asComputed, apart: withoutOverlaps, communities: inCommunities, circle: onACircle };
