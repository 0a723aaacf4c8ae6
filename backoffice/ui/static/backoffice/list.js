// Lists work without this: it ticks whole pages and ranges, counts, lets Escape close the filters and "/" find the search box.
"use strict";
(() => {
  const form = document.getElementById("changelist-form");
  const boxes = [...form.querySelectorAll(".action-select")];
  const all = document.getElementById("action-toggle");
  const told = form.querySelector("[data-chosen]");
  const across = form.querySelector("[name=select_across]");
  let last = null;

  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    if (told) told.textContent = chosen ? `${told.dataset.chosen} ${chosen}` : "";
    if (all) { all.checked = chosen > 0 && chosen === boxes.length; all.indeterminate = chosen > 0 && chosen < boxes.length; }
    if (across && chosen < boxes.length) across.checked = false;
  };
  all?.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); count(); });
  across?.addEventListener("change", () => { if (across.checked) boxes.forEach((box) => { box.checked = true; }); count(); });
  boxes.forEach((box, n) => box.addEventListener("click", (event) => {
    if (event.shiftKey && last !== null) {
      for (let i = Math.min(n, last); i <= Math.max(n, last); i += 1) boxes[i].checked = box.checked;
    }
    last = n;
    count();
  }));
  const sheet = document.querySelector(".bo-sheet");
  sheet?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !sheet.open) return;
    sheet.open = false;
    sheet.querySelector("summary").focus();
  });
  document.addEventListener("keydown", (event) => {
    const field = document.getElementById("searchbar");
    if (event.key === "/" && field && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      field.focus();
    }
  });
  count();
})();
