// Shows what belongs to the chosen trigger and action; without it everything is there.
"use strict";
for (const part of document.querySelectorAll("[data-for]")) {
  const chooser = document.querySelector(`[name="${part.dataset.for}"]`);
  const follow = () => {
    part.hidden = chooser.value !== part.dataset.value;
  };
  chooser.addEventListener("change", follow);
  follow();
}
