// Small things that pages need besides HTMX: keys, dialogs, conditional fields, filters of lists, times in the reader's zone.
"use strict";

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// What scripts say: in English here, in other languages in the page, put there by the server (app/web/language.py).
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
const plural = new Intl.PluralRules(document.documentElement.lang || "en");
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function say(text, values = {}) {
  return filled(texts[text] ?? text, values);
}

function sayMany(one_, many, amount, values = {}) {
  const text = texts[one_]?.[plural.select(amount)] ?? (amount === 1 ? one_ : many);
  return filled(text, { n: amount.toLocaleString("en"), ...values });
}

// Times: in the zone that the reader has chosen, or that of the browser, with its name.
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: document.documentElement.dataset.zone || undefined,
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});

function showLocalTimes(root) {
  for (const time of all("time[data-local]", root)) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      time.title = time.textContent;
      time.textContent = clock.format(moment);
    }
    time.removeAttribute("data-local");
  }
}

// Fields that count only with a certain choice elsewhere in the form.
function showFittingFields(form) {
  for (const field of all("[data-requires]", form)) {
    const wanted = Object.entries(JSON.parse(field.dataset.requires));
    field.hidden = !wanted.every(([name, values]) => values.includes(valueOf(form, name)));
  }
}

function valueOf(form, name) {
  const controls = all(`[name="${CSS.escape(name)}"]`, form);
  const first = controls[0];
  if (!first) return "";
  if (first.type === "checkbox") return String(first.checked);
  if (first.type === "radio") return controls.find((control) => control.checked)?.value ?? "";
  return first.value;
}

// Which column of a file stands for which part of a post: chosen part by part, or above each column's values.
function partsOf(root) {
  const box = one("[data-meanings]", root.closest?.("form") ?? root);
  return box && all("select", box).map((select) => ({ select, label: one(`label[for="${CSS.escape(select.id)}"]`, box)?.textContent ?? select.name }));
}

function showMeanings(root) {
  const parts = partsOf(root);
  if (!parts) return;
  for (const head of all("th[data-column]")) {
    const meant = parts.filter(({ select }) => select.value === head.dataset.column).map(({ label }) => label);
    const select = document.createElement("select");
    select.setAttribute("aria-label", say("What {column} means", { column: head.dataset.column }));
    if (meant.length > 1) select.append(new Option(meant.join(", "), "several"));
    select.append(new Option(say("kept as it is"), ""), ...parts.map(({ label }) => new Option(label, label)));
    select.value = meant.length > 1 ? "several" : meant[0] ?? "";
    head.classList.toggle("used", meant.length > 0);
    one("[data-meaning]", head).replaceChildren(select);
  }
}

function changeMeaning(changed) {
  const { column } = changed.closest("th").dataset;
  const parts = partsOf(changed);
  for (const { select, label } of parts) {
    if (label === changed.value) select.value = column;
    else if (select.value === column) select.value = all("option", select).find((option) => option.value === "" || option.value.startsWith("__")).value;
  }
  showMeanings(changed);
  one(`th[data-column="${CSS.escape(column)}"] select`).focus();
}

// What the server says of fields while they are filled in, shown where it says so after a form has been sent.
function showFieldErrors(box) {
  const form = box.closest("form");
  for (const old of all(".error.live", form)) {
    const field = old.closest(".field");
    for (const control of all("[aria-invalid]", field)) control.removeAttribute("aria-invalid");
    old.remove();
  }
  for (const [name, text] of Object.entries(JSON.parse(box.dataset.fieldErrors))) {
    const controls = all(["", ".after", ".before"].map((end) => `[name="${CSS.escape(name + end)}"]`).join(), form);
    const field = controls[0]?.closest(".field");
    if (!field || one(".error", field)) continue;
    const error = document.createElement("div");
    error.className = "error live";
    error.id = `o-${name}-error`;
    error.textContent = text;
    const help = one(".help", field);
    help ? help.before(error) : field.append(error);
    for (const control of controls) {
      control.setAttribute("aria-invalid", "true");
      const described = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error.id);
      control.setAttribute("aria-describedby", [error.id, ...described].join(" "));
    }
  }
}

// An error that the page came with is about what was sent, so it goes when that is changed and the form is checked as it is typed.
function forgetSentError(target) {
  const field = target.closest("form[data-source] .field");
  const error = field && one("#estimate", target.form) && one(".error:not(.live)", field);
  if (!error) return;
  error.remove();
  for (const control of all("[aria-invalid]", field)) control.removeAttribute("aria-invalid");
}

// Words that can be named in a field of text, such as boards: a button puts each in, or takes it out again.
const wordsIn = (field) => field.value.split(/[\s,;]+/).map((word) => word.replace(/^\/+|\/+$/g, "")).filter(Boolean);

function showWords(root) {
  for (const button of all("[data-word]", root)) {
    button.setAttribute("aria-pressed", wordsIn(document.getElementById(button.dataset.for)).includes(button.dataset.word));
  }
}

function changeWord(button) {
  const field = document.getElementById(button.dataset.for);
  const { word } = button.dataset;
  const words = wordsIn(field);
  field.value = (words.includes(word) ? words.filter((other) => other !== word) : [...words, word]).join(", ");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function prepare(root) {
  // On a phone the columns and filters are behind their heading, above the posts.
  if (matchMedia("(max-width: 900px)").matches) for (const drawer of all("[data-drawer]", root)) drawer.open = false;
  for (const drawer of all("[data-drawer]", root)) drawer.dataset.ready = "";
  showLocalTimes(root);
  for (const form of root.matches?.("form") ? [root] : all("form", root)) showFittingFields(form);
  showMeanings(root);
  showWords(root);
  if (root === document || root.matches?.("#page, #house, #tree") || one("#tree", root)) {
    if (one("[data-find-node]")?.value) filterTree();
    showChosenNode();
  }
  const pick = one("[data-pick]:checked", root);
  if (pick) showPicked(pick);
  const errors = root.matches?.("[data-field-errors]") ? root : one("[data-field-errors]", root);
  if (errors) showFieldErrors(errors);
}

document.addEventListener("DOMContentLoaded", () => prepare(document));
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of all(`[name="${CSS.escape(event.target.dataset.all)}"]`, event.target.form)) box.checked = event.target.checked;
  }
  if (event.target.form) showFittingFields(event.target.form);
  if (event.target.matches("[hx-disable] [data-send]")) event.target.form.requestSubmit();
  if (event.target.closest("[data-meanings]")) showMeanings(event.target);
  if (event.target.closest("[data-meaning]")) changeMeaning(event.target);
  if (event.target.matches("[data-pick], [data-pick-all]")) showPicked(event.target);
});

// How many lines of a list are picked; one box picks all.
function showPicked(changed) {
  const picks = all("[data-pick]");
  const every = one("[data-pick-all]");
  if (changed === every) for (const pick of picks) pick.checked = every.checked;
  const picked = picks.filter((pick) => pick.checked).length;
  every.checked = picked === picks.length;
  every.indeterminate = picked > 0 && picked < picks.length;
  one("[data-picked]").textContent = picked ? sayMany("{n} picked", "{n} picked", picked) : say("Pick all on this page");
}

// A form whose answer is a page is sent once, however often it is pressed, until that page has come or been waited for in vain.
const PATIENCE = 20_000;

addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    return;
  }
  form.ariaBusy = "true";
  setTimeout(() => { form.ariaBusy = null; }, PATIENCE);
});
addEventListener("pageshow", () => {
  for (const form of all("form[aria-busy]")) form.ariaBusy = null;
});

// Filters of long lists of choices, and of the analyses in the palette.
document.addEventListener("input", (event) => {
  forgetSentError(event.target);
  if (event.target.form) showWords(event.target.form);
  const words = event.target.value?.trim().toLowerCase().split(/\s+/) ?? [];
  const fits = (element) => words.every((word) => element.textContent.toLowerCase().includes(word));
  if (event.target.matches("[data-find-node]")) filterTree();
  if (event.target.matches("[data-filter]")) {
    const ticks = all(".tick", event.target.parentElement);
    for (const tick of ticks) tick.hidden = !fits(tick);
    one("[data-nothing]", event.target.parentElement).hidden = ticks.some((tick) => !tick.hidden);
  }
  if (event.target.matches("[data-find-option]")) {
    const palette = event.target.closest("[data-palette]");
    for (const option of all("[data-option]", palette)) option.hidden = !fits(option);
    for (const group of all("[data-group]", palette)) {
      group.hidden = !one("[data-option]:not([hidden])", group);
      if (group.tagName === "DETAILS") group.open = words[0] !== "" && !group.hidden;
    }
    const nothing = one("[data-nothing]", palette); // where the server finds more, it says itself what there is
    if (nothing) {
      const fitting = all("[data-option]:not([hidden])", palette).length;
      nothing.hidden = fitting > 0;
      announce(sayMany("{n} found", "{n} found", fitting));
    }
  }
});

// Dialogs. What HTMX puts into the large one opens it.
let cameFrom = null;

function openDialog(dialog, opener = document.activeElement) {
  if (!dialog) return;
  if (dialog.id === "dialog") dialog.setAttribute("aria-label", one("[data-dialog]", dialog)?.dataset.dialog ?? say("New analysis"));
  if (dialog.open) return;
  const menu = opener?.closest("details.menu");
  cameFrom = (menu ? one("summary", menu) : opener)?.id || null;
  for (const open of all("details.menu[open]")) open.open = false;
  dialog.showModal();
  placeNotices();
}

// Behind a dialog nothing can be reached or read out, so notices, and what is told, are in the one that lies on top.
function placeNotices() {
  const place = all("dialog[open]").at(-1) ?? document.body;
  for (const said of all("#notices, #told")) if (said.parentElement !== place) place.append(said);
}

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.requestConfig.isOfDialog = Boolean(event.detail.elt.closest("#dialog"));
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "dialog-body") return;
  const { elt, isOfDialog } = event.detail.requestConfig ?? {};
  if (isOfDialog && !one("#dialog").open) {
    one("#dialog-body").replaceChildren(); // it was closed before its own answer came
    return;
  }
  openDialog(one("#dialog"), elt);
  const body = one("#dialog-body");
  if (!focusWrong(body)) (one("[autofocus]", body) ?? firstControl(one(".form", body) ?? body))?.focus();
});

const CONTROLS = "input:not([type='hidden']), select, textarea, button.main";
const firstControl = (within) => all(CONTROLS, within).find((control) => control.offsetParent);

// The first field that something is wrong with.
function focusWrong(within) {
  const wrong = one("[aria-invalid='true']", within);
  const control = wrong?.matches(CONTROLS) ? wrong : wrong && firstControl(wrong);
  control?.focus();
  return Boolean(control);
}

document.addEventListener("DOMContentLoaded", () => focusWrong(one("main")));

// On a phone rows of links are longer than the screen: the one that is open is in sight.
document.addEventListener("DOMContentLoaded", () => {
  for (const row of all(".top nav, .tabs")) {
    const current = one("[aria-current]", row)?.getBoundingClientRect();
    const box = row.getBoundingClientRect();
    if (current && current.right > box.right) row.scrollLeft += current.right - box.right + 24;
  }
});
document.addEventListener("close-dialog", () => {
  cameFrom = null; // the page is exchanged, and focus goes to what comes
  for (const dialog of all("dialog[open]")) dialog.close();
  document.activeElement?.blur();
  placeNotices();
});
document.addEventListener("close", (event) => {
  placeNotices();
  if (event.target.id === "dialog") one("#dialog-body").replaceChildren();
  if (cameFrom) document.getElementById(cameFrom)?.focus();
  cameFrom = null;
}, true);

document.addEventListener("click", (event) => {
  const target = event.target;
  const opener = target.closest("[data-open]");
  if (opener) {
    opener.closest("details")?.removeAttribute("open");
    openDialog(document.getElementById(opener.dataset.open));
  }
  const closer = target.closest("[data-close]");
  if (closer) {
    const dialog = closer.closest("dialog");
    if (dialog) dialog.close();
    else one(".head .facts a")?.click(); // on a page of its own there is the way to what it is about
  }
  if (target.matches("dialog")) target.close();
  const worded = target.closest("[data-word]");
  if (worded) changeWord(worded);
  target.closest("[data-dismiss]")?.closest(".note").remove();
  const copier = target.closest("[data-copy], [data-copy-text]");
  if (copier) copy(copier);
  for (const menu of all("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  const download = target.closest("a[download]");
  if (download) download.closest("details")?.removeAttribute("open");
});

// Text for the clipboard: of a field, or what the button itself has. Browsers give the clipboard to scripts of safe
// addresses only; elsewhere what is selected can be copied.
async function copy(button) {
  const field = document.getElementById(button.dataset.copy) ?? Object.assign(document.createElement("textarea"), { className: "unseen", value: button.dataset.copyText, readOnly: true });
  const isOurs = !field.isConnected;
  if (isOurs) button.before(field);
  field.select();
  const isCopied = await (navigator.clipboard?.writeText(field.value).then(() => true, () => false) ?? document.execCommand("copy"));
  if (isOurs) { field.remove(); button.focus(); }
  if (isCopied) announce(button.textContent = say("Copied"));
}

// What asks again and again rests while nobody looks, and goes on by itself after the server has been away.
const polls = (element) => element?.getAttribute?.("hx-trigger")?.startsWith("every ") ?? false;

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (polls(elt) && (document.hidden || holdsSelection(elt))) event.preventDefault();
});

// Whether text in it is selected, to be copied.
function holdsSelection(element) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(element, true);
}

function showAway(isAway) {
  const shown = one("#away");
  if (!isAway) shown?.remove();
  else if (!shown) notify(say("The server does not answer. This page goes on by itself when it is back."), "away");
}

document.addEventListener("htmx:sendError", (event) => {
  if (polls(event.detail.elt)) showAway(true);
  else notify(say("The server does not answer. Try again in a moment."));
});

// Answers that are neither a page nor a notice of ours, such as those of a proxy, replace nothing.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  placeNotices();
  const isPoll = polls(requestConfig?.elt);
  // What was said of one thing is not true of the next; what can be undone stays in reach.
  if (!isPoll && xhr.status < 400) for (const note of all("#notices .note:not(:has(form), #away)")) note.remove();
  if (isPoll && xhr.status < 400) showAway(false);
  if (isPoll && xhr.status >= 500) {
    event.detail.shouldSwap = false;
    showAway(true);
    return;
  }
  if (xhr.status < 400 || xhr.status === 422 || xhr.getResponseHeader("HX-Retarget")) return;
  event.detail.shouldSwap = false;
  notify(say("That did not work. Try again in a moment."));
});

function notify(message, id = "") {
  const note = document.createElement("div");
  note.id = id;
  note.className = "note bad";
  note.setAttribute("role", "alert");
  note.textContent = message;
  placeNotices();
  one("#notices").replaceChildren(note);
}

// Focus follows what is exchanged: where it was has gone, so it goes to the heading of what has come, or where it scrolls,
// or to its first line.
// What asks again and again takes it along only from what it has exchanged.
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", (event) => { hadFocus = event.detail.target.contains(document.activeElement); });
document.addEventListener("htmx:afterSettle", (event) => {
  const { elt, requestConfig } = event.detail;
  if (document.activeElement !== document.body || one("dialog[open]") || (polls(requestConfig?.elt) && !hadFocus)) return;
  if (!requestConfig || requestConfig.triggeringEvent?.type === "load") return;
  const heading = one("h1, h2", elt) ?? (elt.matches?.("h1, h2") ? elt : null);
  if (heading) heading.tabIndex = -1;
  (heading ?? one("[tabindex='0']", elt) ?? one("a[data-step]", elt))?.focus({ preventScroll: true });
});

// What has come since somebody asked for it says in a few words what it is, for those who do not see it come.
function announce(text) {
  placeNotices();
  one("#told").textContent = text;
}

document.addEventListener("htmx:afterSettle", (event) => {
  const { elt, requestConfig } = event.detail;
  if (polls(requestConfig?.elt)) return;
  const said = elt.matches?.("[data-said]") ? elt : one("[data-said]", elt);
  if (said?.dataset.said) announce(said.dataset.said);
});

// What goes on by itself is told to screen readers when it has come further, not each time that it is asked for.
let toldLast = null;

function tellProgress() {
  const now = one("[data-tell]")?.dataset.tell ?? null;
  if (toldLast !== null && now !== null && now !== toldLast) announce(now);
  toldLast = now;
}

document.addEventListener("DOMContentLoaded", tellProgress);
document.addEventListener("htmx:afterSettle", tellProgress);

// The tree: a long one can be searched, and shows what is chosen.
function filterTree() {
  const words = (one("[data-find-node]")?.value ?? "").trim().toLowerCase().split(/\s+/);
  for (const branch of all("#tree li").reverse()) {
    const fits = words.every((word) => one(".node", branch).textContent.toLowerCase().includes(word));
    branch.hidden = !fits && !one("li:not([hidden])", branch);
  }
  const none = one("[data-no-node]");
  if (none) none.hidden = Boolean(one("#tree li:not([hidden])"));
}

function showChosenNode() {
  const tree = one("#tree [data-twigs]");
  const chosen = tree && one("[aria-current]", tree);
  if (!chosen || tree.scrollHeight <= tree.clientHeight) return;
  const [box, node] = [tree.getBoundingClientRect(), chosen.getBoundingClientRect()];
  if (node.top < box.top || node.bottom > box.bottom) tree.scrollTop += node.top - box.top - box.height / 3;
}

// Keys.
function step(by) {
  const stops = all("[data-step]").filter((stop) => stop.offsetParent);
  if (!stops.length) return;
  const here = stops.indexOf(document.activeElement);
  const current = stops.findIndex((stop) => stop.getAttribute("aria-current"));
  const from = here >= 0 ? here : current;
  const next = stops[Math.min(Math.max(from + by, 0), stops.length - 1)];
  next.focus();
}

// Single keys can be switched off, for those who speak to their browser or hit keys by chance; the browser remembers it.
const hasNoKeys = () => document.documentElement.classList.contains("without-keys");

function useKeys(isUsed) {
  document.documentElement.classList.toggle("without-keys", !isUsed);
  one("[data-use-keys]").checked = isUsed;
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-use-keys]")) return;
  localStorage.setItem("without-keys", event.target.checked ? "" : "yes");
  useKeys(event.target.checked);
});
useKeys(!localStorage.getItem("without-keys"));

// In a palette the arrows go up and down what fits, and Enter where one types opens the first of it.
function chooseOption(event) {
  const palette = event.target.closest("[data-palette]") ?? one("dialog[open] [data-palette]");
  const options = palette ? all("a[data-option]", palette).filter((option) => option.offsetParent) : [];
  const isTyping = event.target.matches("[data-find-option]");
  if (!options.length || !(["ArrowDown", "ArrowUp"].includes(event.key) || (event.key === "Enter" && isTyping))) return false;
  event.preventDefault();
  if (event.key === "Enter") {
    options[0].click();
    return true;
  }
  const at = options.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  (options[at] ?? one("[data-find-option]", palette)).focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = one("details.menu[open]");
    if (menu) {
      menu.open = false;
      one("summary", menu).focus();
    }
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (chooseOption(event) || one("dialog[open]")) return;
  if (hasNoKeys() || event.target.matches("input, textarea, select") || event.target.isContentEditable) return;
  const keys = {
    "/": () => { one("#find")?.focus(); one("#find")?.select(); },
    "n": () => one("[data-new]")?.click(),
    "e": () => (event.target.matches("[data-reads]") ? location.assign(`${event.target.href}/explore`) : one("[data-explore]")?.click()),
    "j": () => step(1),
    "k": () => step(-1),
    "?": () => openDialog(one("#keys")),
  };
  if (keys[event.key]) {
    event.preventDefault();
    keys[event.key]();
  }
});
