// Pictures and videos of a wall, large in a dialog: with the arrow keys from one to the next, and back to the tile on Escape.

const dialog = document.createElement("dialog");
dialog.className = "light";
const figure = document.createElement("figure");
dialog.append(figure);

let tiles = [];
let at = 0;

function button(text, label, turn) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = turn ? "btn turn" : "btn";
  made.textContent = text;
  if (label) made.setAttribute("aria-label", label);
  if (turn) made.dataset.turn = turn;
  return made;
}

function link(text, href) {
  const made = document.createElement("a");
  made.className = "btn";
  made.href = href;
  made.textContent = text;
  return made;
}

function drawn(tile) {
  const isVideo = tile.dataset.tile === "video";
  const shown = document.createElement(isVideo ? "video" : "img");
  if (isVideo) Object.assign(shown, { controls: true, autoplay: true, playsInline: true, src: tile.href });
  else Object.assign(shown, { alt: tile.title, src: tile.href });
  if (isVideo) shown.setAttribute("aria-label", tile.title);
  return shown;
}

function show(n) {
  at = (n + tiles.length) % tiles.length;
  const tile = tiles[at];
  dialog.setAttribute("aria-label", tile.title);
  figure.querySelector(".large").replaceChildren(drawn(tile));
  const name = document.createElement("b");
  name.textContent = tile.title;
  const facts = document.createElement("span");
  facts.classList.add("soft", "small", "num");
  facts.textContent = [tile.dataset.size, say("{at} of {all}", { at: at + 1, all: tiles.length })].filter(Boolean).join(" · ");
  const acts = figure.querySelector(".acts");
  for (const old of acts.querySelectorAll("a")) old.remove();
  const posts = tile.dataset.posts && link(sayMany("Read the post", "Read the first of {n} posts", Number(tile.dataset.amount)), tile.dataset.posts);
  const download = link(say("Download"), tile.dataset.download);
  download.setAttribute("download", "");
  acts.prepend(...[posts, download].filter(Boolean));
  figure.querySelector(".facts-of").replaceChildren(name, " ", facts);
  for (const near of [at + 1, at - 1]) { // so that the next one is there at once
    const next = tiles[(near + tiles.length) % tiles.length];
    if (next.dataset.tile === "picture") new Image().src = next.href;
  }
}

function build() {
  const large = document.createElement("div");
  large.className = "large";
  const caption = document.createElement("figcaption");
  const about = document.createElement("span");
  about.className = "facts-of";
  about.setAttribute("aria-live", "polite");
  const acts = document.createElement("span");
  acts.className = "acts";
  const close = button(say("Close"));
  close.dataset.close = "";
  acts.append(close);
  caption.append(about, acts);
  figure.replaceChildren(large, button("‹", say("The one before"), "-1"), button("›", say("The next one"), "1"), caption);
  document.body.append(dialog);
}

dialog.addEventListener("click", (event) => {
  const turn = event.target.closest("[data-turn]");
  if (turn) show(at + Number(turn.dataset.turn));
});
dialog.addEventListener("keydown", (event) => {
  const isOfVideo = event.target.matches("video") && event.key.startsWith("Arrow");
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tiles.length - 1 }[event.key];
  if (to === undefined || isOfVideo || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  show(to);
});
dialog.addEventListener("close", () => {
  figure.querySelector(".large").replaceChildren(); // a video stops
  tiles[at]?.focus();
});

export function open(tile) {
  if (!dialog.isConnected) build();
  tiles = [...tile.closest("[data-wall]").querySelectorAll("[data-tile]")];
  for (const turn of figure.querySelectorAll(".turn")) turn.hidden = tiles.length < 2;
  show(tiles.indexOf(tile));
  dialog.showModal();
  dialog.querySelector(tiles.length < 2 ? "[data-close]" : "[data-turn='1']").focus();
}
