// The bell in an open page: hears new notices, counts them, says them politely. If the stream
// is not to be had, the bell is right again at the next page.
(() => {
  "use strict";
  const bell = document.getElementById("bell");
  if (!bell || !bell.dataset.live || !window.EventSource) return;
  const count = bell.querySelector("[data-bell-count]");
  const title = document.title;
  let unread = Number(bell.dataset.unread) || 0;
  let failures = 0;
  let source = null;

  const show = () => {
    count.hidden = unread === 0;
    count.textContent = unread > 99 ? "99+" : String(unread);
    document.title = unread > 0 && document.hidden ? `(${unread}) ${title}` : title;
  };

  const heard = (event) => {
    let notice;
    try { notice = JSON.parse(event.data); } catch { return; }
    if (!notice.title) return;
    unread = Number.isInteger(notice.unread) ? notice.unread : unread + 1;
    show();
    bell.classList.remove("is-ringing");
    requestAnimationFrame(() => bell.classList.add("is-ringing"));
    document.dispatchEvent(new CustomEvent("patentops:toast", { detail: notice }));
    document.dispatchEvent(new CustomEvent("patentops:notice", { detail: notice }));
  };

  const listen = () => {
    source = new EventSource(bell.dataset.live);
    source.addEventListener("open", () => { failures = 0; });
    source.addEventListener("notice", heard);
    source.addEventListener("unread", (event) => {
      try { unread = Number(JSON.parse(event.data).count) || 0; } catch { return; }
      show();
    });
    source.addEventListener("error", () => {
      failures += 1;
      if (source.readyState !== EventSource.CLOSED && failures < 6) return;
      source.close();
      if (failures < 6) setTimeout(listen, 5000 * failures);
    });
  };

  document.addEventListener("visibilitychange", show);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  listen();
})();
