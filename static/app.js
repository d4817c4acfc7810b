// Comfort on top of pages that work without it: keyboard, jump dialog, theme, toasts.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const typing = (el) => el.closest("input, textarea, select, [contenteditable]");

  // Jump dialog: "/" or Ctrl-K. The search box in the bar opens it too; without JavaScript it is a plain form.
  const jump = $("#jump");
  const openJump = () => {
    if (!jump || jump.open) return;
    jump.showModal();
    $("input", jump).select();
  };
  const openKeys = () => { const keys = $("#keys"); if (keys && !keys.open) keys.showModal(); };
  $(".bar .jump input")?.addEventListener("focus", (event) => { event.target.blur(); openJump(); });
  $("[data-open=keys]")?.addEventListener("click", openKeys);
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  jump?.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const stops = [$("input", jump), ...jump.querySelectorAll(".hits a")];
    const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    stops[(at + stops.length) % stops.length].focus();
    event.preventDefault();
  });
  // Enter opens the first hit of what is typed by now: hits of fewer letters are waited out.
  const hits = { asked: "", shown: null, wanted: false };
  const openFirst = () => { hits.wanted = false; $(".hits a", jump)?.click(); };
  jump?.addEventListener("htmx:beforeRequest", () => { hits.asked = $("input", jump).value; });
  jump?.addEventListener("htmx:afterSwap", () => {
    hits.shown = hits.asked;
    if (hits.wanted && hits.shown === $("input", jump).value) openFirst();
  });
  jump?.querySelector("form").addEventListener("submit", (event) => {
    const current = hits.shown === $("input", jump).value;
    if (current && !$(".hits a", jump)) return;
    event.preventDefault();
    if (current) openFirst();
    else hits.wanted = true;
  });

  // Lists: j/k or arrows walk the rows, Enter is the link's own, "e" edits where a row says how.
  const walk = (step) => {
    const links = [...document.querySelectorAll("[data-rows] [data-row]")];
    if (!links.length) return false;
    const here = document.activeElement?.closest("tr, li");
    const at = links.findIndex((link) => here && here.contains(link));
    const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)];
    next.focus();
    next.closest("tr, li")?.scrollIntoView({ block: "nearest" });
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") { event.preventDefault(); openJump(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    const inRows = document.activeElement?.closest("[data-rows]");
    if (event.key === "/") { event.preventDefault(); openJump(); }
    else if (event.key === "?") openKeys();
    else if (event.key === "j" || (event.key === "ArrowDown" && inRows)) { if (walk(1)) event.preventDefault(); }
    else if (event.key === "k" || (event.key === "ArrowUp" && inRows)) { if (walk(-1)) event.preventDefault(); }
  });

  // Tasks: one box ticks all; in a month the arrows walk the days.
  document.addEventListener("change", (event) => {
    const form = event.target.matches("[data-all]") && event.target.form;
    if (form) for (const box of form.querySelectorAll("input[name=task]")) box.checked = event.target.checked;
  });
  $("[data-month]")?.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const days = [...event.currentTarget.querySelectorAll(".day")];
    const at = days.indexOf(event.target.closest("td")?.querySelector(".day"));
    if (!step || at < 0) return;
    event.preventDefault();
    days[at + step]?.focus();
  });

  // On a phone the rows of tabs scroll: show the one that is open.
  for (const current of document.querySelectorAll(".tabs [aria-current], .settings-nav [aria-current], .rail-nav [aria-current]")) {
    const row = current.parentElement;
    row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }

  // Selects of a filter form apply themselves; htmx turns the submit into a part where it is present.
  document.addEventListener("change", (event) => {
    if (event.target.matches("form[data-auto] select, form[data-auto] input[type=date]")) event.target.form.requestSubmit();
  });

  // One box ticks all of a list.
  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.checkAll;
    if (name) for (const box of document.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
  });

  // Theme: the form posts it; here it changes at once and is remembered by the same cookie.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-theme-form]")) return;
    event.preventDefault();
    const theme = event.submitter.value;
    document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
    if (theme === "system") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.dataset.theme = theme;
    for (const button of event.target.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === event.submitter));
  });

  // Toasts leave after eight seconds unless someone is on them.
  const arm = (toast) => {
    if (toast.dataset.armed) return;
    toast.dataset.armed = "1";
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), 8000); };
    const stop = () => clearTimeout(timer);
    toast.addEventListener("pointerenter", stop);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("pointerleave", start);
    toast.addEventListener("focusout", start);
    $("[data-close]", toast)?.addEventListener("click", () => toast.remove());
    start();
  };
  const region = $("#toasts");
  if (region) {
    region.querySelectorAll(".toast").forEach(arm);
    new MutationObserver(() => region.querySelectorAll(".toast").forEach(arm)).observe(region, { childList: true });
  }

  // The bell: the server tells while the tab is seen; where such a connection does not hold, it is asked.
  const bell = $("#bell");
  if (bell && window.EventSource) {
    let source, asking, after = "";
    const show = ({ unread, grave, until }) => {
      after = until;
      const count = $(".bell-count", bell), text = unread > 99 ? "99+" : String(unread);
      count.textContent = text;
      count.hidden = !unread;
      bell.setAttribute("aria-label", unread ? `Notifications, ${text} unread` : "Notifications");
      for (const { href, text, tone } of grave) {
        const toast = document.createElement("div");
        toast.className = `toast ${tone}`;
        const link = toast.appendChild(document.createElement("a"));
        link.className = "text";
        link.href = href;
        link.textContent = text;
        region?.append(toast);
      }
    };
    const query = () => (after ? `?after=${encodeURIComponent(after)}` : "");
    const ask = async () => {
      const answer = await fetch(`/events/latest${query()}`, { headers: { "hx-request": "true" } }).catch(() => null);
      if (answer?.status === 401) stop();
      else if (answer?.ok) { show(await answer.json()); listen(); }
    };
    const stop = () => { source?.close(); source = null; clearInterval(asking); asking = 0; };
    const listen = () => {
      if (source?.readyState < EventSource.CLOSED || document.hidden) return;
      source = new EventSource(`/events${query()}`);
      source.addEventListener("bell", (event) => { clearInterval(asking); asking = 0; show(JSON.parse(event.data)); });
      source.addEventListener("error", () => { asking ||= setInterval(ask, 30000); });
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
    window.addEventListener("pagehide", stop);
    listen();
  }

  // A part that did not load leaves the page as it is and says so; a session that ended leads to sign-in.
  const failed = (event) => {
    if (event.detail.xhr?.status === 401) { location.reload(); return; }
    const toast = document.createElement("div");
    toast.className = "toast tone-critical";
    const text = toast.appendChild(document.createElement("span"));
    text.className = "text";
    text.textContent = "That did not load. Nothing was changed; try again in a moment.";
    region?.append(toast);
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  document.addEventListener("click", async (event) => {
    const print = event.target.closest("[data-print]");
    if (print) window.print();
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText($(copy.dataset.copy).textContent.trim());
      $("span", copy).textContent = "Copied";
    }
  });
})();
