// Uploads: drop a file or choose one, see how far it is, then go on to what its columns mean.
"use strict";

(() => {
  const inUnits = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3).toLocaleString("en")} kB`
    : `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: bytes < 1e8 ? 1 : 0 })} MB`);

  function send(form, file) {
    const part = (name) => form.querySelector(`[data-${name}]`);
    const drop = form.querySelector(".drop");
    const sending = form.querySelector(".sending");
    const bar = sending.querySelector("progress");
    const fail = (message) => {
      part("problem").textContent = message;
      part("problem").hidden = false;
      sending.hidden = true;
      drop.hidden = false;
    };
    part("problem").hidden = true;
    part("name").textContent = file.name;
    sending.hidden = false;
    drop.hidden = true;
    bar.value = 0;

    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.upload);
    request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = (100 * event.loaded) / event.total;
      part("amount").textContent = event.loaded < event.total
        ? say("{sent} of {size}", { sent: inUnits(event.loaded), size: inUnits(event.total) }) : say("Looking into it…");
    };
    request.onload = () => {
      if (request.status === 200 && request.response?.url) {
        const url = request.response.url;
        htmx.ajax("GET", url, { target: "#page", swap: "outerHTML" }).then(() => history.pushState({}, "", url));
      } else {
        fail(request.response?.message ?? say("The file could not be sent. Load this page again, then try once more."));
      }
    };
    request.onerror = () => fail(say("The connection broke off. Check it, then try again."));
    request.onabort = () => fail(say("The upload was stopped."));
    part("abort").onclick = () => request.abort();
    request.send(file);
  }

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
      const form = formOf(event);
      if (!form) return;
      event.preventDefault();
      form.querySelector(".drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) send(form, event.dataTransfer.files[0]);
    });
  }
  addEventListener("popstate", () => { if (document.querySelector(".make")) location.reload(); });
})();
