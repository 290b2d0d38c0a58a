// How the nodes of a network are coloured and sized.
// Colours come from the server, the accent first. They are told apart in light and dark; nodes have names and the legend has counts, so colour never stands alone.

export const INKS = {
  light: { rest: "#a3a6ad", edge: "#d9d6ce", out: "#e9e6df", paper: "#ffffff" },
  dark: { rest: "#70747c", edge: "#3a4047", out: "#2b2f35", paper: "#1d2024" },
};

export const inWords = (value) => (typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 3 }) : String(value ?? say("not given")));
export const mix = (from, to, share) => `rgb(${from.map((part, n) => Math.round(part + (to[n] - part) * share)).join(",")})`;
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
export const isNumeric = (values) => values.every((value) => value === null || typeof value === "number");

// By community or another text, the most frequent values have a colour each; numbers have a scale towards the accent.
export function colouring(nodes, attribute, theme, palette) {
  const ink = INKS[theme];
  if (!attribute) return { of: () => palette[0], legend: [] };
  const { values } = attribute;
  if (attribute.name !== "community" && isNumeric(values)) {
    const known = values.filter((value) => value !== null);
    const [low, high] = known.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
    const isWide = low >= 0 && high > 50 * Math.max(low, 1);
    const share = (value) => (isWide ? Math.log1p(value - low) / Math.log1p(high - low) : (value - low) / (high - low || 1));
    const tint = (strength) => mix(rgb(ink.paper), rgb(palette[0]), 0.16 + 0.84 * strength);
    const of = (n) => (values[n] === null ? ink.rest : tint(share(values[n])));
    return { of, legend: [], scale: { low, high, from: tint(0), to: tint(1) } };
  }
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).slice(0, palette.length);
  const colours = new Map(ranked.map(([value], rank) => [value, palette[rank]]));
  const legend = ranked.map(([value, count]) => ({ value, count, colour: colours.get(value) }));
  if (counts.size > ranked.length) legend.push({ value: null, isRest: true, count: values.filter((value) => !colours.has(value)).length, colour: ink.rest, kinds: counts.size - ranked.length });
  return { of: (n) => colours.get(values[n]) ?? ink.rest, legend, groupOf: (n) => (colours.has(values[n]) ? values[n] : null) };
}

export function sizing(nodes, attribute) {
  const values = attribute ? attribute.values.map((value) => Math.max(value ?? 0, 0)) : nodes.map(() => 1);
  const largest = values.reduce((most, value) => Math.max(most, value), 1e-9);
  const most = nodes.length > 1500 ? 14 : 18;
  return (n) => (attribute ? 2 + most * Math.sqrt(values[n] / largest) : 4);
}
