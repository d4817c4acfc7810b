// The editor of a draft's file: line numbers that follow, the current line, faults one can go to, keys.
(() => {
  "use strict";
  for (const editor of document.querySelectorAll("[data-editor]")) {
    const text = editor.querySelector("textarea");
    const gutter = editor.querySelector(".editor-gutter");
    const current = editor.querySelector(".editor-line");
    const frame = editor.querySelector("[data-frame]");
    const form = text.form;
    const unsaved = form?.querySelector("[data-unsaved]");
    const saved = text.value;
    let leaving = false;
    let escaped = false;

    const row = () => parseFloat(getComputedStyle(frame).lineHeight);
    const lineOf = (at) => text.value.slice(0, at).split("\n").length;
    const marks = () => editor.querySelectorAll("#faults [data-line]");

    // As many numbers as there are lines, with the faulty ones marked.
    const number = () => {
      const lines = text.value.split("\n");
      text.rows = lines.length;
      text.cols = Math.max(20, ...lines.map((line) => line.length)) + 2;
      while (gutter.childElementCount > lines.length) gutter.lastElementChild.remove();
      for (let n = gutter.childElementCount + 1; n <= lines.length; n += 1) {
        const span = gutter.appendChild(document.createElement("span"));
        span.textContent = n;
        span.id = `L${n}`;
      }
      const faulty = new Set([...marks()].map((link) => Number(link.dataset.line)));
      [...gutter.children].forEach((span, i) => span.classList.toggle("fault", faulty.has(i + 1)));
    };

    // The line the caret is in, and what is wrong with it.
    const point = () => {
      const line = lineOf(text.selectionStart);
      current.hidden = document.activeElement !== text;
      current.style.transform = `translateY(${(line - 1) * row()}px)`;
      gutter.querySelector(".now")?.classList.remove("now");
      gutter.children[line - 1]?.classList.add("now");
      const links = [...marks()];
      for (const mark of editor.querySelectorAll("#marks mark")) {
        const fault = links.find((link) => link.getAttribute("href") === `#${mark.id}`);
        mark.classList.toggle("on", Number(fault?.dataset.line) === line && !current.hidden);
      }
    };

    const go = (line, column = 0) => {
      const start = text.value.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
      text.focus({ preventScroll: true });
      text.setSelectionRange(start + column, start + column);
      frame.scrollTo({ top: Math.max(0, (line - 1) * row() - frame.clientHeight / 3), left: Math.max(0, column * 8 - frame.clientWidth / 2) });
      frame.scrollIntoView({ block: "nearest" });
      point();
    };

    editor.addEventListener("click", (event) => {
      const link = event.target.closest("[data-line]");
      if (!link) return;
      event.preventDefault();
      go(Number(link.dataset.line), Number(link.dataset.column));
    });
    text.addEventListener("input", () => {
      number();
      if (unsaved) unsaved.hidden = text.value === saved;
    });
    for (const event of ["input", "focus", "blur", "click", "keyup"]) text.addEventListener(event, point);
    text.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") {
        event.preventDefault();
        if (!text.readOnly) form?.requestSubmit();
      } else if (event.key === "Escape") escaped = true;
      else if (event.key === "Tab" && !text.readOnly && !escaped && !event.ctrlKey && !event.altKey) {
        event.preventDefault();
        if (event.shiftKey) {
          const start = text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;
          const spaces = /^ {1,2}/.exec(text.value.slice(start))?.[0].length ?? 0;
          if (spaces) text.setRangeText("", start, start + spaces, "preserve");
        } else text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (event.key !== "Shift") escaped = false;
    });
    document.addEventListener("htmx:afterSettle", () => { number(); point(); });

    form?.addEventListener("submit", () => { leaving = true; });
    window.addEventListener("beforeunload", (event) => {
      if (!leaving && !text.readOnly && text.value !== saved) event.preventDefault();
    });

    number();
    const wanted = /^#L(\d+)$/.exec(location.hash);
    if (wanted) go(Number(wanted[1]));
  }
})();
