// Show one page at a time: that of the address' fragment, at first the overview.
(() => {
  document.documentElement.classList.add("paged");
  let shown = null;
  // The fragment's element, or its page: `page:part`.
  const wanted = () => {
    let name = location.hash.slice(1);
    try { name = decodeURIComponent(name); } catch { /* not an encoding of text */ }
    return document.getElementById(name) ?? document.getElementById(name.split(":")[0]);
  };
  const show = (moved) => {
    const target = wanted();
    // Without a fragment, go to the first page; with one of no page, such as #main, stay.
    const first = document.querySelector(".page");
    const page = target?.closest(".page") ?? ((location.hash && shown) || first);
    const other = page !== shown;
    if (other) {
      for (const each of document.querySelectorAll(".page")) each.classList.toggle("shown", each === page);
      document.title = page.dataset.title;
      shown = page;
    }
    let folded = target?.closest("details");
    for (; folded; folded = folded.parentElement.closest("details")) folded.open = true;
    if (moved && other) {
      // Move the focus, as between documents.
      document.querySelector(".file-pages details").open = false;
      page.tabIndex = -1;
      page.focus({ preventScroll: true });
    }
    if (other && target !== page && page.contains(target)) target.scrollIntoView({ behavior: "instant" });
    else if (other && moved) scrollTo({ top: 0, behavior: "instant" });
  };
  addEventListener("DOMContentLoaded", () => show(false));
  addEventListener("hashchange", () => show(true));
})();
