// Hover and keyboard read-out: the figures come from the table behind each chart.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  const prepare = (chart) => {
    const plot = chart.querySelector(".chart-plot[data-x]");
    const table = chart.querySelector(".chart-table table");
    if (!plot || !table || chart.dataset.ready) return;
    chart.dataset.ready = "1";
    const stops = plot.dataset.x.split(" ").map(Number);
    const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const rows = table.tBodies[0].rows;
    let at = stops.length - 1;
    let read = null;
    let cursor = null;

    const hide = () => { read?.remove(); cursor?.remove(); read = cursor = null; };
    const show = (index) => {
      at = Math.min(Math.max(index, 0), Math.min(stops.length, rows.length) - 1);
      if (at < 0) return;
      if (!read) {
        read = chart.appendChild(document.createElement("div"));
        read.className = "chart-read";
        read.setAttribute("role", "status");
        cursor = plot.appendChild(document.createElementNS(SVG, "line"));
        cursor.setAttribute("class", "cursor");
        cursor.setAttribute("y1", "0");
        cursor.setAttribute("y2", "100%");
      }
      const cells = [...rows[at].cells];
      const title = document.createElement("b");
      title.textContent = cells[0].textContent;
      read.replaceChildren(title, ...cells.slice(1).map((cell, i) => {
        const line = document.createElement("span");
        const value = document.createElement("i");
        line.textContent = names[i];
        value.textContent = cell.textContent;
        line.append(value);
        return line;
      }));
      cursor.setAttribute("x1", `${stops[at]}%`);
      cursor.setAttribute("x2", `${stops[at]}%`);
      const box = plot.getBoundingClientRect();
      const frame = chart.getBoundingClientRect();
      const x = box.left - frame.left + (box.width * stops[at]) / 100;
      const left = x + read.offsetWidth + 14 > frame.width ? x - read.offsetWidth - 10 : x + 10;
      read.style.left = `${Math.max(left, 0)}px`;
      read.style.top = `${box.top - frame.top + 4}px`;
    };

    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 100;
      let best = 0;
      for (let i = 1; i < stops.length; i += 1) if (Math.abs(stops[i] - x) < Math.abs(stops[best] - x)) best = i;
      show(best);
    });
    plot.addEventListener("pointerleave", hide);
    plot.addEventListener("blur", hide);
    plot.addEventListener("focus", () => { if (plot.matches(":focus-visible")) show(at); });
    plot.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") show(at + 1);
      else if (event.key === "ArrowLeft") show(at - 1);
      else if (event.key === "Escape") hide();
      else return;
      event.preventDefault();
    });
  };

  const all = (root) => root.querySelectorAll(".chart").forEach(prepare);
  all(document);
  document.addEventListener("htmx:afterSwap", (event) => all(event.target.ownerDocument));
})();
