// Tables can be sorted by their headers and saved as CSV. A cell's `data-value` is its value for
// both; `data-low` and `data-high` are the ends of its interval. Matrices (.matrix) are not sorted;
// .bests and .class-bars are small excerpts and left as they are.
(() => {
  const UNKNOWN = new Set(["", "–", "-"]);
  const NUMBER = /^[-−]?\d[\d,]*(\.\d+)?(e[-−+]?\d+)?$/;
  const FORMULA = /^\s*[=+\-@＝＋－＠]/;

  // The text of a cell: names in full, without remarks and text for screen readers.
  const textOf = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    if (node.matches("svg, .visually-hidden, .range, .chip, .rank")) return "";
    if (node.matches("bdi[title]")) return node.title;
    return [...node.childNodes].map(textOf).join("");
  };
  const text = (cell) => (cell ? textOf(cell).replace(/\s+/g, " ").trim() : "");
  const valueOf = (cell) => (cell && cell.dataset.value) ?? (cell && cell.dataset.low) ?? text(cell);
  const numeric = (value) => {
    const plain = value.replace(/\s*%$/, "");
    return NUMBER.test(plain) ? Number(plain.replace(/,/g, "").replace(/−/g, "-")) : NaN;
  };

  // A row's cells by column: one that spans several is in the first of them.
  const columnsOf = (row) => [...row.cells].flatMap(
    (cell) => [cell, ...Array(cell.colSpan - 1).fill(null)]);
  const isGroup = (row) => row.classList.contains("group");
  const rowsOf = (body) => [...body.rows].filter((row) => !isGroup(row));

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

  // A name that starts like a formula must stay text in a spreadsheet.
  const field = (value) => {
    const safe = FORMULA.test(value) && Number.isNaN(numeric(value)) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  const plain = (value) => {
    if (UNKNOWN.has(value)) return "";
    if (value === "·") return "0"; // as a confusion matrix shows zeros
    // Percentages are saved as shares.
    if (/ %$/.test(value) && !Number.isNaN(numeric(value))) {
      return String(Number((numeric(value) / 100).toPrecision(12)));
    }
    return NUMBER.test(value) ? value.replace(/,/g, "").replace(/−/g, "-") : value;
  };
  const columnNames = (table, heads) => {
    const above = [...table.tHead.rows].slice(0, -1).flatMap((row) => columnsOf(row));
    let group = "";
    return heads.map((head, column) => {
      group = above[column] ? text(above[column]) : group;
      return head && (group && group !== text(head) ? `${group}: ${text(head)}` : text(head));
    });
  };
  const csv = (table, heads) => {
    const names = columnNames(table, heads);
    const bodies = [...table.tBodies];
    const grouped = bodies.some((body) => [...body.rows].some(isGroup));
    const cells = bodies.flatMap(rowsOf).map(columnsOf);
    const spans = names.map((_, i) => cells.some((row) => row[i]?.dataset.low !== undefined));
    const valued = names.map((name, i) => i === 0 || Boolean(name) && cells.some(
      (row) => row[i] && (row[i].dataset.value !== undefined || row[i].dataset.low === undefined)
        && !UNKNOWN.has(valueOf(row[i]))));
    const line = (one) => names.flatMap((name, i) => [
      ...(valued[i] || (name && !spans[i]) ? [one(i, "")] : []),
      ...(spans[i] ? [one(i, "low"), one(i, "high")] : []),
    ]);
    const head = line((i, end) => (end ? `${names[i]}, ${end}` : names[i]));
    const lines = [grouped ? ["Group", ...head] : head];
    for (const body of bodies) {
      const group = text([...body.rows].find(isGroup)?.querySelector(".group-name")
        ?? [...body.rows].find(isGroup));
      for (const row of rowsOf(body)) {
        const at = columnsOf(row);
        const values = line((i, end) => (end ? at[i]?.dataset[end] ?? ""
          : plain(at[i]?.dataset.value ?? text(at[i]))));
        lines.push(grouped ? [group, ...values] : values);
      }
    }
    // The byte order mark tells spreadsheets that the file is UTF-8.
    return "\ufeff" + lines.map((each) => each.map(field).join(",") + "\r\n").join("");
  };

  const fileName = (table) => {
    const words = `${document.title} ${table.caption?.textContent ?? ""}`.toLowerCase();
    return words.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 90).replace(/^-+|-+$/g, "") + ".csv";
  };
  const download = (name, content) => {
    const address = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    const link = Page.make("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  };
  const makeSavable = (table, heads, captionText) => {
    const button = Page.make("button", { type: "button", ariaLabel: `Download CSV: ${captionText}` }, "Download CSV");
    button.addEventListener("click", () => download(fileName(table), csv(table, heads)));
    // In one box with the table, so that it stays below the table where tables are side by side.
    const scrolled = table.closest(".scroll") ?? table;
    const box = Page.make("div", { className: "table-box" });
    scrolled.replaceWith(box);
    box.append(scrolled, Page.make("p", { className: "table-tools" }, button));
  };

  addEventListener("DOMContentLoaded", () => {
    for (const table of document.querySelectorAll("table:not(.bests, .class-bars)")) {
      if (!table.tHead?.rows.length) continue;
      const heads = columnsOf(table.tHead.rows[table.tHead.rows.length - 1]);
      const rows = [...table.tBodies].flatMap(rowsOf).length;
      if (rows > 1 && !table.matches(".matrix")) makeSortable(table, heads);
      if (rows) makeSavable(table, heads, table.caption?.textContent.trim() ?? "table");
    }
  });
})();
