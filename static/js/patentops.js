// Small comforts. Every page works without this file.
(() => {
  "use strict";

  // On narrow screens the facets start folded.
  if (matchMedia("(max-width: 61.99rem)").matches) {
    document.querySelectorAll("details[data-collapse-narrow]").forEach((d) => d.removeAttribute("open"));
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy], [data-print], [data-confirm]");
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
    if (!target) return;
    if (target.hasAttribute("data-copy")) {
      navigator.clipboard?.writeText(target.dataset.copy).then(() => {
        const before = target.textContent;
        target.textContent = target.dataset.copied || "已复制";
        setTimeout(() => { target.textContent = before; }, 1600);
      });
    } else if (target.hasAttribute("data-print")) {
      window.print();
    } else if (!window.confirm(target.dataset.confirm)) {
      event.preventDefault();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });

  // A second click while the first is on its way is ignored.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-form]") || event.defaultPrevented) return;
    if (form.classList.contains("is-sending")) { event.preventDefault(); return; }
    form.classList.add("is-sending");
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll(".is-sending").forEach((form) => form.classList.remove("is-sending"));
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-check-all]")) {
      const name = CSS.escape(box.dataset.checkAll);
      document.querySelectorAll(`input[type="checkbox"][name="${name}"]:not(:disabled)`).forEach((b) => { b.checked = box.checked; });
    } else if (box.matches("[data-autosubmit]")) {
      box.form?.requestSubmit();
    }
  });

  const count = (area) => {
    const limit = Number(area.getAttribute("maxlength"));
    if (!limit) return;
    let note = area.parentElement.querySelector(".counter");
    if (!note) {
      note = document.createElement("p");
      note.className = "counter";
      note.setAttribute("aria-hidden", "true");
      area.insertAdjacentElement("afterend", note);
    }
    note.textContent = `${[...area.value].length} / ${limit}`;
  };
  const wire = (scope) => scope.querySelectorAll("textarea[data-count]").forEach((area) => {
    count(area);
    area.addEventListener("input", () => count(area));
  });
  wire(document);
  document.addEventListener("htmx:load", (event) => wire(event.detail.elt));

  // The summary of errors takes the focus, so that it is read out first.
  document.getElementById("error-summary")?.focus();

  const shelf = document.getElementById("toasts");
  document.addEventListener("patentops:toast", (event) => {
    if (!shelf) return;
    const { title, body, url } = event.detail;
    const toast = document.createElement("div");
    toast.className = "toast";
    const line = (tag, cls, text) => {
      const el = document.createElement(tag);
      el.className = cls;
      el.textContent = text;
      toast.append(el);
      return el;
    };
    line("p", "toast-title", title);
    if (body) line("p", "toast-body", body);
    if (url && url.startsWith("/") && !url.startsWith("//")) line("a", "toast-link", shelf.dataset.openLabel || "查看").href = url;
    const close = line("button", "toast-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", shelf.dataset.dismissLabel || "关闭");
    close.addEventListener("click", () => toast.remove());
    shelf.append(toast);
    const most = window.matchMedia("(max-width: 40rem)").matches ? 1 : 3; // three would fill a phone
    while (shelf.children.length > most) shelf.firstElementChild.remove();
    setTimeout(() => { if (!toast.matches(":hover, :focus-within")) toast.remove(); }, 12000);
  });

  // On a phone the bar of places opens where one is, not at its beginning.
  for (const here of document.querySelectorAll(".workbench [aria-current], .tabs [aria-current]")) {
    const bar = here.closest(".container, .tabs");
    if (bar) bar.scrollLeft += here.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - here.offsetWidth) / 2;
  }

  // What a fragment request could not do is said, not swallowed.
  const failed = () => document.dispatchEvent(new CustomEvent("patentops:toast", {
    detail: { title: "没有完成", body: "网络或服务暂时不可用，请稍后再试。" },
  }));
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401 || event.detail.xhr.status === 403) window.location.reload();
    else failed();
  });
})();
