// Coding in the explorer: saved as one goes, tried again while the server does not answer; keys for choices.
// `one`, `all` and `hasNoKeys` are those of app.js.
"use strict";

const TYPING_PAUSE = 700;
const AGAIN_AFTER = 3000;
const waiting = new Map(); // forms whose values are not saved yet, each with its timer

function fieldsOf(form) {
  return all("[name^='code-']", form).filter((control) => control.type !== "radio" || control.checked);
}

function hasChanged(form) {
  return fieldsOf(form).some((control) => {
    const was = one(`[name="was-${control.name.slice(5)}"]`, form)?.value ?? "";
    return control.value.trim().replaceAll("\r\n", "\n") !== was.replaceAll("\r\n", "\n");
  });
}

function tell(form, text, kind = "soft") {
  const box = one("[data-kept]", form);
  let line = one("span", box);
  if (!line) box.append(line = document.createElement("span"));
  line.className = `small ${kind}`;
  line.textContent = text;
}

function saveIn(form, pause) {
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => {
    if (!document.contains(form)) waiting.delete(form);
    else if (hasChanged(form)) htmx.trigger(form, "save");
    else { waiting.delete(form); tell(form, ""); }
  }, pause));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-coding]");
  if (!form) return;
  tell(form, "…");
  saveIn(form, event.target.type === "radio" ? 0 : TYPING_PAUSE);
  form.dataset.typed = Date.now();
});
document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.("[data-coding]");
  if (form && waiting.has(form)) saveIn(form, 0);
});

// Answers: what has changed meanwhile is sent next; what did not get through, again.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("[data-coding]");
  if (!form) return;
  const status = event.detail.xhr?.status ?? 0;
  if (status === 0 || status === 429 || status >= 500) {
    tell(form, say("Not saved yet. The server does not answer; trying again …"), "problem");
    saveIn(form, AGAIN_AFTER);
  } else if (status === 422) {
    waiting.delete(form);
  } else if (status >= 400) {
    waiting.delete(form);
    tell(form, say("Not saved."), "problem");
  }
});
document.addEventListener("htmx:afterSwap", (event) => {
  const form = event.target.closest?.("[data-coding]");
  if (!form || event.detail.xhr?.status >= 400) return;
  waiting.delete(form);
  if (hasChanged(form)) saveIn(form, TYPING_PAUSE);
});
addEventListener("beforeunload", (event) => {
  if ([...waiting.keys()].some((form) => document.contains(form) && hasChanged(form))) event.preventDefault();
});
// A page of items is exchanged only when all is saved.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "page") return;
  const open = [...waiting.keys()].filter((form) => document.contains(form) && hasChanged(form));
  if (!open.length) return;
  event.preventDefault();
  for (const form of open) saveIn(form, 0);
  open[0].scrollIntoView({ block: "center" });
  const wanted = event.detail.elt;
  document.addEventListener("htmx:afterSwap", () => setTimeout(() => {
    if (!waiting.size && document.contains(wanted)) wanted.matches("form") ? htmx.trigger(wanted, "submit") : wanted.click();
  }, 50), { once: true });
});

// Keys. The item is the one that has the focus; of its fields of choices one is marked.
const itemOf = (element) => element?.closest("[data-item]");
const isBare = (field) => !one("input:checked", field)?.value;

function markField(item, field = null) {
  for (const old of all("[data-marked]")) delete old.dataset.marked;
  const fields = all("[data-choices]", item);
  const chosen = field ?? fields.find(isBare) ?? fields[0];
  if (chosen) chosen.dataset.marked = "";
}

document.addEventListener("focusin", (event) => {
  const item = itemOf(event.target);
  if (!item) return;
  const own = event.target.closest("[data-choices]");
  if (own) markField(item, own);
  else if (!one("[data-marked]", item)) markField(item);
});

function choose(item, number) {
  const field = one("[data-marked]", item);
  const radio = field && all("input[type=radio]", field).filter((input) => input.value)[number - 1];
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
  const fields = all("[data-choices]", item);
  const following = fields.slice(fields.indexOf(field) + 1).find(isBare) ?? fields.find(isBare);
  if (following) markField(item, following);
  return true;
}

function nextField(item) {
  const fields = all("[data-choices], [data-text]", item);
  const here = document.activeElement.closest("[data-choices], [data-text]") ?? one("[data-marked]", item);
  const following = fields[(fields.indexOf(here) + 1) % fields.length];
  if (following?.matches("[data-text]")) one("input, textarea", following).focus();
  else if (following) { one("[data-step]", item)?.focus(); markField(item, following); }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
  const item = itemOf(document.activeElement);
  if (event.key === "Escape" && item && event.target.matches("input, textarea")) {
    one("[data-step]", item)?.focus();
    return;
  }
  if (hasNoKeys()) return;
  const isTyping = event.target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
  if (isTyping) return;
  if (item && /^[1-9]$/.test(event.key) && choose(item, Number(event.key))) event.preventDefault();
  if (item && event.key === "f") { event.preventDefault(); nextField(item); }
  // From the last item to the first one of the next page, and back.
  const stops = all("[data-item] [data-step]");
  const here = item && stops.indexOf(one("[data-step]", item));
  const link = event.key === "j" && here === stops.length - 1 ? one("a[rel=next]") : event.key === "k" && here === 0 ? one("a[rel=prev]") : null;
  if (link) {
    event.stopImmediatePropagation();
    document.addEventListener("htmx:afterSettle", () => all("[data-item] [data-step]").at(event.key === "j" ? 0 : -1)?.focus(), { once: true });
    link.click();
  } else if (item && "jk".includes(event.key) && event.target.matches("input[type=radio]")) {
    event.preventDefault();
    stops[here + (event.key === "j" ? 1 : -1)]?.focus();
  }
}, true);

// The fields can be put away for reading, and come back; the browser remembers it.
const page = document.documentElement;

function showCoding() {
  const button = one("[data-hide-coding]");
  if (!button) return;
  const isAway = page.classList.contains("without-coding");
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isAway));
  button.textContent = isAway ? button.dataset.show : button.dataset.hide;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-hide-coding]")) return;
  localStorage.setItem("without-coding", page.classList.toggle("without-coding") ? "yes" : "");
  showCoding();
});
document.addEventListener("htmx:afterSettle", showCoding);

page.classList.add("codes");
page.classList.toggle("without-coding", Boolean(localStorage.getItem("without-coding")));
showCoding();
