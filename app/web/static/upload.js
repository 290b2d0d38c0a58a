// Uploads: drop a file or choose one, see how far it is, then go on to what its columns mean. A file is sent in pieces by
// the API's resumable protocol (tus), so a broken connection costs a piece, and the same file chosen again goes on.
"use strict";

(() => {
  const PIECE = 8 * 1024 * 1024;
  const PAUSES = [1, 2, 4, 8, 15, 30, 30, 30]; // seconds before what broke off is tried again
  const AGAIN = [408, 409, 429, 502, 503, 504];
  const BROKEN = Symbol("broken"), STOPPED = Symbol("stopped");
  const inUnits = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3).toLocaleString("en")} kB`
    : `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: bytes < 1e8 ? 1 : 0 })} MB`);
  const inBase64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const pause = (seconds) => new Promise((go) => setTimeout(go, 1000 * seconds));

  // Where a file that has begun is being sent, for the tab's life: a page that is loaded again goes on.
  const keyOf = (file) => `upload ${file.name} ${file.size} ${file.lastModified}`;
  const begun = {
    get: (file) => { try { return sessionStorage.getItem(keyOf(file)); } catch { return null; } },
    set: (file, place) => { try { sessionStorage.setItem(keyOf(file), place); } catch { /* then it begins anew */ } },
    drop: (file) => { try { sessionStorage.removeItem(keyOf(file)); } catch { /* nothing was kept */ } },
    all: () => { try { return Object.keys(sessionStorage).map((key) => /^upload (.*) (\d+) (\d+)$/s.exec(key)).filter(Boolean); } catch { return []; } },
  };

  class Sender {
    constructor(form, file) {
      Object.assign(this, { form, file, request: null, isStopped: false, place: begun.get(file) });
      this.bar = form.querySelector(".sending progress");
      this.amount = form.querySelector("[data-amount]");
    }

    ask(method, url, headers = {}, body = null, sent = () => {}) {
      return new Promise((resolve, reject) => {
        if (this.isStopped) { reject(STOPPED); return; }
        const request = this.request = new XMLHttpRequest();
        request.open(method, url);
        const all = { "Tus-Resumable": "1.0.0", "X-CSRFToken": this.form.elements.csrf_token.value, ...headers };
        for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
        request.responseType = "json";
        request.upload.onprogress = (event) => sent(event.loaded);
        request.onload = () => (AGAIN.includes(request.status) ? reject(BROKEN) : resolve(request));
        request.onerror = () => reject(BROKEN);
        request.onabort = () => reject(STOPPED);
        request.send(body);
      });
    }

    show(bytes) {
      const all = this.file.size;
      this.bar.value = (100 * bytes) / all;
      this.amount.textContent = bytes < all
        ? say("{sent} of {size}", { sent: inUnits(bytes), size: inUnits(all) }) : say("Looking into it…");
    }

    // The number of bytes that have come in; what was begun and is not there any more begins anew.
    async offset() {
      if (this.place) {
        const found = await this.ask("HEAD", this.place);
        if (found.status === 200) return Number(found.getResponseHeader("Upload-Offset"));
      }
      const about = { "Upload-Length": this.file.size, "Upload-Metadata": `filename ${inBase64(this.file.name)}` };
      const made = await this.ask("POST", "/api/uploads", about);
      if (made.status !== 201) throw new Error(reasonOf(made));
      this.place = new URL(made.getResponseHeader("Location"), location.href).pathname;
      begun.set(this.file, this.place);
      return 0;
    }

    async sendAll() {
      let offset = null, tries = 0;
      while (offset === null || offset < this.file.size) {
        try {
          offset ??= await this.offset();
          this.show(offset);
          if (offset >= this.file.size) break;
          const start = offset;
          const headers = { "Upload-Offset": start, "Content-Type": "application/offset+octet-stream" };
          const piece = this.file.slice(start, start + PIECE);
          const taken = await this.ask("PATCH", this.place, headers, piece, (bytes) => this.show(start + bytes));
          if (taken.status !== 204) throw new Error(reasonOf(taken));
          offset = Number(taken.getResponseHeader("Upload-Offset"));
          tries = 0;
        } catch (problem) {
          if (problem !== BROKEN || tries === PAUSES.length) throw problem;
          this.amount.textContent = say("The connection broke off. Trying again…");
          offset = null;
          await pause(PAUSES[tries++]);
        }
      }
      begun.drop(this.file);
      return this.place.split("/").pop();
    }

    stop() {
      this.isStopped = true;
      this.request?.abort();
      begun.drop(this.file);
    }
  }

  const reasonOf = (answer) => Object.values(answer.response?.errors ?? {}).flat()[0] ?? answer.response?.message
    ?? say("The file could not be sent. Load this page again, then try once more.");

  async function send(form, file) {
    const part = (name) => form.querySelector(`[data-${name}]`);
    const drop = form.querySelector(".drop"), sending = form.querySelector(".sending");
    part("problem").hidden = true;
    part("unfinished").hidden = true;
    part("name").textContent = file.name;
    sending.hidden = false;
    drop.hidden = true;
    const sender = new Sender(form, file);
    part("abort").onclick = () => sender.stop();
    try {
      const url = form.dataset.upload.replace(/file$/, await sender.sendAll());
      await htmx.ajax("GET", url, { target: "#page", swap: "outerHTML" });
      history.pushState({}, "", url);
    } catch (problem) {
      part("problem").textContent = problem === STOPPED ? say("The upload was stopped.") : problem === BROKEN
        ? say("The connection broke off. Choose the file again: what has come in is kept.") : problem.message;
      part("problem").hidden = false;
      sending.hidden = true;
      drop.hidden = false;
    }
  }

  // A page that was loaded again in the middle cannot read the file by itself: it says which one to choose.
  async function tellUnfinished(form) {
    const note = form.querySelector("[data-unfinished]");
    for (const [, name, size, lastModified] of begun.all()) {
      const file = { name, size: Number(size), lastModified };
      const found = await new Sender(form, file).ask("HEAD", begun.get(file)).catch(() => null);
      if (!note.isConnected || !found) return;
      if (found.status !== 200) { begun.drop(file); continue; }
      const sent = inUnits(Number(found.getResponseHeader("Upload-Offset")));
      note.firstElementChild.textContent = say("{name} has not come in whole: {sent} of {size} are here. Choose it again, and it goes on from there.", { name, sent, size: inUnits(file.size) });
      note.querySelector("[data-forget]").onclick = () => { begun.drop(file); note.hidden = true; };
      note.hidden = form.querySelector(".drop").hidden;
      return;
    }
  }
  const tellAll = () => { for (const form of document.querySelectorAll("form[data-upload]")) tellUnfinished(form); };
  document.addEventListener("DOMContentLoaded", tellAll);

  const formOf = (event) => event.target.closest?.("form[data-upload]");

  document.addEventListener("change", (event) => {
    const form = formOf(event);
    if (form && event.target.type === "file" && event.target.files[0]) {
      send(form, event.target.files[0]);
      event.target.value = "";
    }
  });
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      // A file that misses the field would be opened instead of this page, so all of the page takes it.
      const form = formOf(event) ?? (event.dataTransfer?.types.includes("Files") ? document.querySelector("form[data-upload]") : null);
      if (!form) return;
      event.preventDefault();
      const drop = form.querySelector(".drop");
      drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop" && !drop.hidden && event.dataTransfer.files[0]) send(form, event.dataTransfer.files[0]);
    });
  }
  addEventListener("popstate", () => { if (document.querySelector(".make")) location.reload(); });
})();
