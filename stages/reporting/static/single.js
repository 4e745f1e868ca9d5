// One page at a time: that of the address's fragment, at first the overview.
(() => {
  document.documentElement.classList.add("paged");
  let shown = null;
  const wanted = () => {
    try { return document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return null; }
  };
  const show = (moved) => {
    const target = wanted();
    const page = target?.closest(".page") ?? (shown || document.querySelector(".page"));
    const other = page !== shown;
    if (other) {
      for (const each of document.querySelectorAll(".page")) each.classList.toggle("shown", each === page);
      document.title = page.dataset.title;
      shown = page;
    }
    for (let folded = target?.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
    if (!moved || !target || !page.contains(target)) {
      if (target && target !== page && page.contains(target)) target.scrollIntoView();
      return;
    }
    document.querySelector(".file-pages details").open = false;
    if (!other) return;
    // The reader's place moves along, as it does from one document to the next.
    page.tabIndex = -1;
    page.focus({ preventScroll: true });
    if (target === page) scrollTo({ top: 0, behavior: "instant" });
    else target.scrollIntoView({ behavior: "instant" });
  };
  addEventListener("DOMContentLoaded", () => show(false));
  addEventListener("hashchange", () => show(true));
})();
