// An entry of the confusion matrix shows its images next to the matrix; without scripts it links to
// the list below.
addEventListener("DOMContentLoaded", () => Page.each("square", (panel, page) => {
  const section = page.find("confusion");
  const links = [...section.querySelectorAll(".matrix td a")];

  const show = (place) => {
    const source = place.startsWith("pair-") && page.find(place);
    if (!source) return false;
    panel.replaceChildren(...[...source.childNodes].map((n) => n.cloneNode(true)));
    panel.hidden = false;
    const square = links.find((a) => a.hash === `#${page.prefix}${place}`);
    for (const link of links) {
      if (link === square) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
      if (square) link.tabIndex = link === square ? 0 : -1;
    }
    return true;
  };
  const follow = () => {
    if (show(Fragment.read(page).place)) section.scrollIntoView();
  };

  // One tab stop; the arrow keys go to the next entry with images.
  links.forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  const place = (link) => [link.closest("tr").rowIndex, link.closest("td").cellIndex];
  const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  for (const link of links) {
    link.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      const table = link.closest("table");
      let [row, column] = place(link);
      do { row += move[0]; column += move[1]; } while (table.rows[row]?.cells[column] && !table.rows[row].cells[column].querySelector("a"));
      const next = table.rows[row]?.cells[column]?.querySelector("a");
      if (!next) return;
      link.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
  section.addEventListener("click", (event) => {
    const place = event.target.closest("a")?.hash.slice(1 + page.prefix.length);
    if (!place || !show(place)) return;
    event.preventDefault();
    panel.scrollIntoView({ block: "nearest" });
    Fragment.write(page, place, new URLSearchParams());
  });
  addEventListener("hashchange", follow);
  follow();
}));
