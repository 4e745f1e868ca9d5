// Each table can be saved: as CSV with values in full, and as LaTeX with those that are shown. The
// script adds the buttons.
(() => {
  const { UNKNOWN, NUMBER, text, endsOf, ownOf, valueOf, numeric, columnsOf, isGroup, rowsOf } = Tables;
  const ENDS = ["low", "high"];
  const FORMULA = /^\s*[=+\-@＝＋－＠]/;

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
  // What the rows of a part of the table have in common.
  const groupOf = (body) => {
    const row = [...body.rows].find(isGroup);
    return text(row?.querySelector(".group-name") ?? row);
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
    const spans = names.map((_, i) => cells.some((row) => endsOf(row[i])));
    const valued = names.map((name, i) => i === 0 || Boolean(name) && cells.some(
      (row) => row[i] && (ownOf(row[i]) !== undefined || !endsOf(row[i]))
        && !UNKNOWN.has(valueOf(row[i]))));
    const line = (one) => names.flatMap((name, i) => [
      ...(valued[i] || (name && !spans[i]) ? [one(i, "")] : []),
      ...(spans[i] ? ENDS.map((end) => one(i, end)) : []),
    ]);
    const head = line((i, end) => (end ? `${names[i]}, ${end}` : names[i]));
    const lines = [grouped ? ["Group", ...head] : head];
    for (const body of bodies) {
      const group = groupOf(body);
      for (const row of rowsOf(body)) {
        const at = columnsOf(row);
        const values = line((i, end) => (end ? endsOf(at[i])?.[ENDS.indexOf(end)] ?? ""
          : plain(ownOf(at[i]) ?? text(at[i]))));
        lines.push(grouped ? [group, ...values] : values);
      }
    }
    // The byte order mark tells spreadsheets that the file is UTF-8.
    return "\ufeff" + lines.map((each) => each.map(field).join(",") + "\r\n").join("");
  };

  // What LaTeX reads as a command, or its fonts do not have.
  const SIGNS = {
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
    "−": "$-$", "–": "--", "×": "$\\times$", "→": "$\\to$", "≥": "$\\geq$", "≤": "$\\leq$",
    "✓": "$\\surd$", "✗": "$\\times$", "·": "$\\cdot$", "<": "$<$", ">": "$>$", "\u00a0": "~",
    "α": "$\\alpha$", "β": "$\\beta$", "ε": "$\\epsilon$", "τ": "$\\tau$", "ρ": "$\\rho$",
  };
  const latexText = (value) => value.replace(/[\\~^−–×→≥≤✓✗·<>\u00a0αβετρ&%$#_{}]/g, (sign) => SIGNS[sign] ?? `\\${sign}`);
  const shown = (cell) => {
    const range = cell && [...cell.querySelectorAll(".range, small")].map((each) => each.textContent.trim()).join(", ");
    return [text(cell), ...(range ? [`(${range})`] : [])].join(" ");
  };
  const latex = (table, heads) => {
    const cells = [...table.tBodies].flatMap(rowsOf).map(columnsOf);
    const kept = heads.map((head, i) => i).filter(
      (i) => i === 0 || text(heads[i]) || cells.some((row) => text(row[i])));
    const right = (i) => cells.every((row) => UNKNOWN.has(text(row[i])) || !Number.isNaN(numeric(text(row[i]))));
    const line = (values) => `${values.map(latexText).join(" & ")} \\\\`;
    const above = [...table.tHead.rows].slice(0, -1).map((row) => {
      const groups = []; // [name, number of columns]
      let name = "";
      columnsOf(row).forEach((cell, i) => {
        if (cell) name = text(cell);
        if (!kept.includes(i)) return;
        if (!cell && groups.length) groups[groups.length - 1][1] += 1;
        else groups.push([name, 1]);
      });
      return `${groups.map(([group, columns]) => `\\multicolumn{${columns}}{l}{${latexText(group)}}`).join(" & ")} \\\\`;
    });
    const bodies = [...table.tBodies].map((body) => [
      ...(groupOf(body) ? [`\\multicolumn{${kept.length}}{l}{\\textit{${latexText(groupOf(body))}}} \\\\`] : []),
      ...rowsOf(body).map(columnsOf).map((row) => line(kept.map((i) => shown(row[i])))),
    ].join("\n"));
    return [
      "% Needs \\usepackage{booktabs}.", "\\begin{table}", "\\centering",
      `\\caption{${latexText(captionOf(table))}}`,
      `\\begin{tabular}{${kept.map((i) => (right(i) ? "r" : "l")).join("")}}`, "\\toprule",
      ...above, line(kept.map((i) => text(heads[i]))), "\\midrule", bodies.join("\n\\midrule\n"),
      "\\bottomrule", "\\end{tabular}", "\\end{table}", "",
    ].join("\n");
  };

  const captionOf = (table) => table.caption?.textContent.replace(/\s+/g, " ").trim() || "table";
  const FORMATS = {
    CSV: ["csv", "text/csv;charset=utf-8", csv],
    LaTeX: ["tex", "application/x-tex;charset=utf-8", latex],
  };
  const makeSavable = (table, heads) => {
    const caption = captionOf(table);
    const buttons = Object.entries(FORMATS).map(([format, [ending, type, written]]) => {
      const button = Page.make("button", { type: "button", ariaLabel: `Download ${format}: ${caption}` }, `Download ${format}`);
      button.addEventListener("click", () => Page.save(caption, ending, new Blob([written(table, heads)], { type })));
      return button;
    });
    // In one box with the table, so that they stay below it where tables are side by side.
    const scrolled = table.closest(".scroll") ?? table;
    const box = Page.make("div", { className: "table-box" });
    scrolled.replaceWith(box);
    box.append(scrolled, Page.make("p", { className: "table-tools" }, ...buttons));
  };

  addEventListener("DOMContentLoaded", () => {
    for (const table of Tables.all()) {
      if ([...table.tBodies].flatMap(rowsOf).length) makeSavable(table, Tables.headsOf(table));
    }
  });
})();
