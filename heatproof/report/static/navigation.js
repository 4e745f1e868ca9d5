// Links to headings are copied when pressed; menus close as menus do. Without scripts the links are
// links, and the menus fold.
(() => {
  const SHOWN = 2000; // milliseconds
  document.addEventListener("click", async ({ target }) => {
    const link = target.closest?.(".heading-link");
    if (!link) return;
    try { await navigator.clipboard.writeText(link.href); } catch { return; } // it is in the address bar
    link.dataset.copied = "";
    Page.say("Link copied");
    setTimeout(() => { delete link.dataset.copied; }, SHOWN);
  });

  const open = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("pointerdown", ({ target }) => {
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    for (const menu of open()) {
      const inside = menu.contains(document.activeElement);
      menu.open = false;
      if (inside) menu.querySelector("summary").focus();
    }
  });
})();
