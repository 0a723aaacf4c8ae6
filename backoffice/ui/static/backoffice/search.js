// Ctrl-K (or /) opens a box that finds everything. The link it stands for works without it.
"use strict";
const opener = document.querySelector("[data-search]");
if (opener) {
  const dialog = document.createElement("dialog");
  dialog.className = "sr-dialog";
  dialog.setAttribute("aria-label", opener.dataset.label);
  const input = document.createElement("input");
  input.type = "search";
  input.maxLength = 100;
  input.placeholder = opener.dataset.hint;
  input.setAttribute("aria-label", opener.dataset.label);
  const hits = document.createElement("div");
  hits.className = "sr-hits";
  hits.setAttribute("aria-live", "polite");
  dialog.append(input, hits);
  document.body.append(dialog);
  let asked = 0;
  let timer;
  const ask = async () => {
    const mine = ++asked;
    const url = `${opener.href}?q=${encodeURIComponent(input.value)}`;
    const answer = await fetch(url, { headers: { "X-Part": "hits" } });
    if (mine === asked && answer.ok && !answer.redirected) hits.innerHTML = await answer.text();
  };
  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    input.select();
    ask();
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  dialog.addEventListener("keydown", (event) => {
    const links = [...hits.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (links[next] || input).focus();
    } else if (event.key === "Enter" && document.activeElement === input && links.length) {
      event.preventDefault();
      links[0].click();
    } else if (event.key === "Tab") {
      // From its last control back to its first: the page behind is out of reach.
      const stops = [input, ...links];
      const [edge, other] = event.shiftKey ? [input, stops.at(-1)] : [stops.at(-1), input];
      if (document.activeElement === edge) {
        event.preventDefault();
        other.focus();
      }
    }
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
      event.preventDefault();
      event.stopPropagation();
      open();
    }
  }, true);
}
