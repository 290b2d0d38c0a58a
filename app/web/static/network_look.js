// How the nodes of a network are coloured and sized.
// Colours are told apart in light and dark; nodes have names and the legend has counts, so colour never stands alone.

export const PALETTE = {
  light: ["#b3261e", "#1f5fa8", "#1f7a4a", "#8a5a00", "#7a3fa0", "#0e7c86", "#a83a6b", "#4b5bb5", "#5f7a12"],
  dark: ["#ff8a75", "#7db7ff", "#6fcf97", "#f2c063", "#c99bea", "#5fc9d3", "#f08bb4", "#a2b0ff", "#b5cc66"],
};
export const INKS = {
  light: { rest: "#a3a6ad", edge: "#d9d6ce", out: "#e9e6df", paper: "#ffffff", low: [214, 224, 236], high: [18, 71, 133] },
  dark: { rest: "#70747c", edge: "#3a4047", out: "#2b2f35", paper: "#1d2024", low: [52, 68, 88], high: [150, 200, 255] },
};

export const inWords = (value) => (typeof value === "number" ? value.toLocaleString("en", { maximumFractionDigits: 3 }) : String(value ?? say("not given")));
export const mix = (from, to, share) => `rgb(${from.map((part, n) => Math.round(part + (to[n] - part) * share)).join(",")})`;
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
export const isNumeric = (values) => values.every((value) => value === null || typeof value === "number");

// By community or another text, the most frequent values have a colour each; numbers have a scale.
export function colouring(nodes, attribute, theme) {
  const ink = INKS[theme];
  if (!attribute) return { of: () => PALETTE[theme][0], legend: [] };
  const { values } = attribute;
  if (attribute.name !== "community" && isNumeric(values)) {
    const known = values.filter((value) => value !== null);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const isWide = low >= 0 && high > 50 * Math.max(low, 1);
    const share = (value) => (isWide ? Math.log1p(value - low) / Math.log1p(high - low) : (value - low) / (high - low || 1));
    const of = (n) => (values[n] === null ? ink.rest : mix(ink.low, ink.high, share(values[n])));
    return { of, legend: [], scale: { low, high, from: mix(ink.low, ink.high, 0), to: mix(ink.low, ink.high, 1) } };
  }
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).slice(0, PALETTE[theme].length);
  const colours = new Map(ranked.map(([value], rank) => [value, PALETTE[theme][rank]]));
  const legend = ranked.map(([value, count]) => ({ value, count, colour: colours.get(value) }));
  if (counts.size > ranked.length) legend.push({ value: null, isRest: true, count: values.filter((value) => !colours.has(value)).length, colour: ink.rest, kinds: counts.size - ranked.length });
  return { of: (n) => colours.get(values[n]) ?? ink.rest, legend, groupOf: (n) => (colours.has(values[n]) ? values[n] : null) };
}

export function sizing(nodes, attribute) {
  const values = attribute ? attribute.values.map((value) => Math.max(value ?? 0, 0)) : nodes.map(() => 1);
  const largest = Math.max(...values, 1e-9);
  const most = nodes.length > 1500 ? 14 : 18;
  return (n) => (attribute ? 2 + most * Math.sqrt(values[n] / largest) : 4);
}
