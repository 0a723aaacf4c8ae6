// The queue works without this: it moves by j and k, accepts suggestions by number, and presses buttons by letter.
"use strict";
(() => {
  const queue = document.querySelector("[data-queue]");
  if (!queue) return;
  const items = [...queue.querySelectorAll("[data-item]")];
  const current = () => items.findIndex((item) => item.contains(document.activeElement));
  const go = (n) => items[Math.max(0, Math.min(items.length - 1, n))]?.focus();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (typing) {
      if (event.key === "Escape") items[current()]?.focus();
      return;
    }
    const item = items[current()];
    if (event.key === "j") go(item ? current() + 1 : 0);
    else if (event.key === "k") go(item ? current() - 1 : 0);
    else if (event.key === "u") queue.querySelector('[data-key="u"]')?.click();
    else if (event.key === "Enter" && document.activeElement === item) item.querySelector("[data-open]").click();
    else if (item && /^[1-9]$/.test(event.key)) item.querySelector(`[data-match="${event.key}"]`)?.click();
    else if (item) {
      const button = item.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (!button) return;
      const reason = item.querySelector("[name=reason]");
      // What needs a reason asks for it first: Enter in its field presses the same button.
      if ("reason" in button.dataset && !reason.value.trim()) {
        reason.focus();
        reason.onkeydown = (pressed) => {
          if (pressed.key !== "Enter") return;
          pressed.preventDefault();
          button.click();
        };
      } else button.click();
    } else return;
    event.preventDefault();
  });
  go(0);
})();
