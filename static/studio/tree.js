// What the weights of siblings add up to, while they are typed.
(() => {
  "use strict";
  const sum = (form, group) => {
    const fields = [...form.querySelectorAll(`[data-group="${group}"]`)];
    const out = form.querySelector(`[data-sum="${group}"]`);
    const typed = fields.map((field) => field.value.trim());
    const equal = typed.every((text) => text === "");
    const numbers = typed.map(Number);
    const total = numbers.reduce((all, n) => all + n, 0);
    const known = typed.every((text) => text !== "") && numbers.every(Number.isFinite);
    const right = equal || (known ? Math.abs(total - 100) < 0.005 : typed.some((text) => text.includes("${")));
    if (equal) out.textContent = "equal parts";
    else out.textContent = known ? `${Math.round(total * 100) / 100} %` : "…";
    out.classList.toggle("tone-good", right);
    out.classList.toggle("tone-critical", !right);
  };
  for (const form of document.querySelectorAll("[data-weights]")) {
    form.addEventListener("input", (event) => { if (event.target.dataset.group) sum(form, event.target.dataset.group); });
  }
})();
