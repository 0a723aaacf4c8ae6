// Adds up what the chosen units cost, while somebody types; the server counts for itself.
document.querySelectorAll("[data-sum]").forEach((output) => {
  const inputs = document.querySelectorAll("[data-each]");
  const add = () => {
    let total = 0;
    let digits = 2;
    inputs.forEach((input) => {
      const units = Math.min(Number(input.value) || 0, Number(input.max));
      digits = Number(input.dataset.digits);
      total += units === Number(input.max) ? Number(input.dataset.left) : Number((input.dataset.each * units).toFixed(digits));
    });
    output.value = total.toFixed(digits);
    output.parentElement.hidden = false;
  };
  inputs.forEach((input) => input.addEventListener("input", add));
  add();
});
