// A square of the confusion matrix shows its images beside the matrix; without scripts it leads to
// them in the list below.
addEventListener("DOMContentLoaded", () => {
  const panel = document.getElementById("square");
  if (!panel) return;
  const links = [...document.querySelectorAll(".matrix td a")];
  const find = (place) => links.find((a) => a.hash === `#${place}`);

  const show = (link) => {
    const source = document.getElementById(link.hash.slice(1));
    panel.replaceChildren(...[...source.childNodes].map((n) => n.cloneNode(true)));
    panel.hidden = false;
    for (const other of links) {
      if (other === link) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
      other.tabIndex = other === link ? 0 : -1;
    }
  };
  const follow = () => {
    const link = find(Fragment.read().place);
    if (!link) return;
    show(link);
    document.getElementById("confusion").scrollIntoView();
  };

  // One stop of the Tab key; the arrows go to the next square that has images.
  links.forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  const place = (link) => [link.closest("tr").rowIndex, link.closest("td").cellIndex];
  const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link);
      Fragment.write(link.hash.slice(1), new URLSearchParams());
    });
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
  addEventListener("hashchange", follow);
  follow();
});
