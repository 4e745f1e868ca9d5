// A line below each chart describes the point selected by mouse or arrow keys. The numbers come from
// the page: a line chart's table, or the points' titles.
(() => {
  const NEAR = 60; // in the chart's units
  const HINT = "Arrow keys: along a line, and from line to line.";

  // Returns lines, each a list of { x, y, label }.
  const fromTable = (svg, table) => {
    const [across, ...names] = [...table.tHead.rows[0].cells].map(
      (cell) => cell.querySelector("bdi")?.title || cell.textContent.trim());
    return [...svg.querySelectorAll("path.line")].map((path, series) => {
      // The table may be sorted otherwise; the line runs from left to right.
      const rows = [...table.tBodies[0].rows].filter((row) => row.cells[series + 1].textContent !== "–")
        .sort((a, b) => a.cells[0].textContent - b.cells[0].textContent);
      const places = path.getAttribute("d").slice(1).split("L").map((at) => at.split(" ").map(Number));
      return places.map(([x, y], i) => ({ x, y, label:
        `${names[series]}, ${across.toLowerCase()} ${rows[i].cells[0].textContent}: `
        + rows[i].cells[series + 1].textContent }));
    });
  };
  const fromTitles = (svg) => [[...svg.querySelectorAll("circle")]
    .filter((circle) => circle.querySelector("title"))
    .map((circle) => ({
      x: circle.cx.baseVal.value, y: circle.cy.baseVal.value,
      label: circle.querySelector("title").textContent,
    })).sort((a, b) => a.x - b.x)];

  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
  const nearest = (line, x) => line.reduce(
    (best, point, i) => (Math.abs(point.x - x) < Math.abs(line[best].x - x) ? i : best), 0);

  const makeInteractive = (figure, svg) => {
    let lines = null;
    let at = null; // [line, point]
    // Read on first use: a page may have many charts.
    const allLines = () => {
      const table = figure.querySelector("details.numbers table");
      lines ??= (table ? fromTable(svg, table) : fromTitles(svg)).filter((line) => line.length);
      return lines;
    };
    const out = Page.make("p", { className: "readout" });
    svg.after(out);
    const ring = Page.svg("circle", { class: "ring", r: 6.5, "aria-hidden": "true" });

    const show = (place) => {
      at = place;
      if (!place) { ring.remove(); out.textContent = ""; return; }
      const point = allLines()[place[0]][place[1]];
      ring.setAttribute("cx", point.x);
      ring.setAttribute("cy", point.y);
      svg.append(ring);
      out.textContent = point.label;
    };

    svg.addEventListener("pointermove", (event) => {
      out.setAttribute("aria-live", "off"); // the mouse crosses points by chance
      const here = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      let closest = null;
      let shortest = NEAR;
      allLines().forEach((line, i) => line.forEach((point, j) => {
        const away = distance(point, here);
        if (away < shortest) { shortest = away; closest = [i, j]; }
      }));
      show(closest);
    });
    svg.addEventListener("pointerleave", () => show(null));

    svg.tabIndex = 0;
    // Without this role, screen readers intercept the arrow keys.
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-roledescription", "chart");
    svg.addEventListener("focus", () => {
      out.setAttribute("aria-live", "polite");
      if (!at && svg.matches(":focus-visible")) out.textContent = HINT;
    });
    svg.addEventListener("blur", () => show(null));
    svg.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !allLines().length) return;
      const [line, point] = at ?? [0, -1];
      const last = allLines()[line].length - 1;
      const other = (step) => {
        const i = (line + step + allLines().length) % allLines().length;
        return [i, nearest(allLines()[i], allLines()[line][Math.max(point, 0)].x)];
      };
      const to = {
        ArrowRight: () => [line, Math.min(last, point + 1)],
        ArrowLeft: () => [line, Math.max(0, point - 1)],
        ArrowDown: () => other(1),
        ArrowUp: () => other(-1),
        Home: () => [line, 0],
        End: () => [line, last],
        Escape: () => null,
      }[event.key];
      if (!to) return;
      event.preventDefault();
      out.setAttribute("aria-live", "polite");
      show(to());
    });
  };

  addEventListener("DOMContentLoaded", () => {
    for (const figure of document.querySelectorAll("figure.chart")) {
      const svg = figure.querySelector("svg[role=img]");
      if (svg && svg.querySelector("path.line, circle > title")) makeInteractive(figure, svg);
    }
  });
})();
