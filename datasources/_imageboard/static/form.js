// The form of imageboards: flags can be chosen only while a board that shows them is among those typed, or none is typed.

function typedBoards(text) {
  return text.split(/[\s,;]+/).map((part) => part.replace(/^\/+|\/+$/g, "")).filter(Boolean);
}

function showFlags(form) {
  const told = form.querySelector("[data-flag-boards]");
  const field = told && form.querySelector(`[name="${told.dataset.flagField}.shown"]`)?.closest(".field");
  if (!field) return;
  const typed = typedBoards(form.elements.board.value);
  const flagged = new Set([...JSON.parse(told.dataset.flagBoards), "all", "*"]);
  field.hidden = typed.length > 0 && !typed.some((board) => flagged.has(board));
  // What cannot be seen is not sent either.
  field.disabled = field.hidden;
}

function showAll(root) {
  for (const form of root.querySelectorAll("form[data-source]")) showFlags(form);
}

showAll(document);
document.addEventListener("htmx:load", () => showAll(document));
window.addEventListener("pageshow", () => showAll(document));
document.addEventListener("input", (event) => {
  if (event.target.name === "board" && event.target.form) showFlags(event.target.form);
});
