// Tabs over sections that are all there without JavaScript.
"use strict";
for (const group of document.querySelectorAll("[data-tabs]")) {
  const links = [...group.querySelectorAll(':scope > ul a[href^="#"]')];
  const part = (link) => group.querySelector(link.getAttribute("href"));
  const show = (chosen) => {
    for (const link of links) {
      const on = link === chosen;
      link.setAttribute("aria-selected", on);
      link.tabIndex = on ? 0 : -1;
      part(link).hidden = !on;
    }
  };
  if (!links.length) continue;
  group.classList.add("dc-tabbed");
  for (const [n, link] of links.entries()) {
    const section = part(link);
    link.setAttribute("role", "tab");
    link.id = `${section.id}-tab`;
    link.parentElement.setAttribute("role", "presentation");
    link.setAttribute("aria-controls", section.id);
    section.setAttribute("role", "tabpanel");
    section.setAttribute("aria-labelledby", link.id);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
      show(link);
    });
    link.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = links[(n + step + links.length) % links.length];
      show(next);
      next.focus();
    });
  }
  show(links.find((link) => link.getAttribute("href") === location.hash) || links[0]);
}
