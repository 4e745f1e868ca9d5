// Tables can be sorted by their headers. A cell's `data-value` is its value for this and for files;
// `data-ends` are those of its interval, and after them its value where both are known. Matrices
// (.matrix) are not sorted; .bests and .class-bars are small excerpts and left as they are.
const Tables = (() => {
  const UNKNOWN = new Set(["", "–", "-"]);
  const NUMBER = /^[-−]?(\d[\d,]*(\.\d+)?|\.\d+)(e[-−+]?\d+)?$/; // .5 too, as matrices have it

  // The text of a cell: names in full, without remarks and text for screen readers.
  const textOf = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.matches("svg, .visually-hidden, .range, small, .chip, .rank")) return "";
    if (node.matches("bdi[title]")) return node.title;
    return [...node.childNodes].map(textOf).join("");
  };
  const text = (cell) => (cell ? textOf(cell).replace(/\s+/g, " ").trim() : "");
  const endsOf = (cell) => cell?.dataset.ends?.split(" ");
  const ownOf = (cell) => cell?.dataset.value ?? endsOf(cell)?.[2];
  const valueOf = (cell) => ownOf(cell) ?? endsOf(cell)?.[0] ?? text(cell);
  const numeric = (value) => {
    const plain = value.replace(/\s*%$/, "");
    return NUMBER.test(plain) ? Number(plain.replace(/,/g, "").replace(/−/g, "-")) : NaN;
  };

  // A row's cells by column: one that spans several is in the first of them.
  const columnsOf = (row) => [...row.cells].flatMap(
    (cell) => [cell, ...Array(cell.colSpan - 1).fill(null)]);
  const isGroup = (row) => row.classList.contains("group");
  const rowsOf = (body) => [...body.rows].filter((row) => !isGroup(row));

  const headsOf = (table) => columnsOf(table.tHead.rows[table.tHead.rows.length - 1]);
  const all = () => [...document.querySelectorAll("table:not(.bests, .class-bars)")]
    .filter((table) => table.tHead?.rows.length);
  return { UNKNOWN, NUMBER, text, endsOf, ownOf, valueOf, numeric, columnsOf, isGroup, rowsOf, headsOf, all };
})();

(() => {
  const { UNKNOWN, text, valueOf, numeric, columnsOf, rowsOf } = Tables;

  const compare = (values, descending) => {
    const known = values.filter((value) => !UNKNOWN.has(value));
    const byNumber = known.length > 0 && known.every((value) => !Number.isNaN(numeric(value)));
    return (a, b) => {
      const lacking = UNKNOWN.has(a) - UNKNOWN.has(b);
      if (lacking || UNKNOWN.has(a)) return lacking;
      const order = byNumber
        ? numeric(a) - numeric(b)
        : a.localeCompare(b, "en", { numeric: true, sensitivity: "base" });
      return descending ? -order : order;
    };
  };

  const sort = (table, column, direction) => {
    for (const body of table.tBodies) {
      const rows = rowsOf(body);
      const values = new Map(rows.map((row) => [row, valueOf(columnsOf(row)[column])]));
      const order = direction === "none"
        ? (a, b) => a.dataset.place - b.dataset.place
        : ((by) => (a, b) => by(values.get(a), values.get(b)))(
          compare(allValues(table, column), direction === "descending"));
      rows.sort(order);
      body.append(...rows);
    }
  };
  const allValues = (table, column) => [...table.tBodies].flatMap(rowsOf)
    .map((row) => valueOf(columnsOf(row)[column]));

  // Numbers start with the highest, text with A; the third press restores the original order.
  const next = (table, column, now) => {
    const known = allValues(table, column).filter((value) => !UNKNOWN.has(value));
    const numbers = known.length && known.every((value) => !Number.isNaN(numeric(value)));
    const cycle = ["none", ...(numbers ? ["descending", "ascending"] : ["ascending", "descending"])];
    return cycle[(cycle.indexOf(now) + 1) % 3];
  };

  const makeSortable = (table, heads) => {
    [...table.tBodies].flatMap(rowsOf).forEach((row, place) => { row.dataset.place = place; });
    heads.forEach((head, column) => {
      if (!head || head.tagName !== "TH" || !text(head)) return;
      const button = Page.make("button", { type: "button", className: "sort" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const direction = next(table, column, head.getAttribute("aria-sort") ?? "none");
        for (const other of heads) other?.removeAttribute("aria-sort");
        if (direction !== "none") head.setAttribute("aria-sort", direction);
        sort(table, column, direction);
        Page.say(direction === "none" ? "Original order" : `Sorted by ${text(head)}, ${direction}`);
      });
    });
  };

  addEventListener("DOMContentLoaded", () => {
    for (const table of Tables.all()) {
      const rows = [...table.tBodies].flatMap(rowsOf).length;
      if (rows > 1 && !table.matches(".matrix")) makeSortable(table, Tables.headsOf(table));
    }
  });
})();
