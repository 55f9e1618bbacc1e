// The officers' desk: what a form cannot do by itself. Everything works without it.
"use strict";

(() => {
  document.documentElement.classList.add("scripted");

  const form = document.getElementById("notice");
  const unsent = document.getElementById("unsent");
  if (!form) return;
  let isUnsaved = false;

  form.addEventListener("input", () => { isUnsaved = true; });
  form.addEventListener("submit", () => { isUnsaved = false; });
  addEventListener("beforeunload", event => { if (isUnsaved) event.preventDefault(); });

  // Back from the server: what it says, and whether the draft is on its disk.
  form.addEventListener("htmx:afterRequest", event => {
    const arrived = event.detail.successful;
    if (arrived) isUnsaved = false;
    unsent.hidden = arrived || event.detail.xhr.status === 401;
  });

  // Selected words become a line of the list of what is bold. The text itself stays as it was typed.
  for (const marking of document.querySelectorAll(".marking")) {
    marking.hidden = false;
    const text = document.getElementById("text_" + marking.dataset.of);
    for (const button of marking.querySelectorAll("[data-mark]")) {
      button.addEventListener("click", () => {
        const list = document.getElementById(button.dataset.mark + "_" + marking.dataset.of);
        const words = text.value.slice(text.selectionStart, text.selectionEnd).split("\n");
        const lines = list.value.split("\n").filter(line => line.trim());
        for (const word of words.map(each => each.trim()).filter(Boolean)) {
          if (!lines.includes(word)) lines.push(word);
        }
        list.value = lines.join("\n");
        list.dispatchEvent(new Event("input", {bubbles: true}));
        text.focus();
      });
    }
  }
})();
