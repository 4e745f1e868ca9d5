// A tooltip at the point of a chart that is selected by mouse, finger or arrow keys. The numbers come
// from the page: a line chart's table, or the points' titles. A chart is one drawing or, as small
// multiples, several in a box.
(() => {
  const NEAR = 60; // in the chart's units
  const GAP = 12; // of the tooltip from its point, in pixels
  const HINT = "Arrow keys: along a line, and from line to line.";

  // Return lines, each a list of { svg, x, y, label }.
  const fromTable = (svgs, table) => {
    const [across, ...names] = [...table.tHead.rows[0].cells].map(
      (cell) => cell.querySelector("bdi")?.title || cell.textContent.trim());
    const paths = svgs.flatMap((svg) => [...svg.querySelectorAll("path.line")].map((path) => [svg, path]));
    return paths.map(([svg, path], place) => {
      const series = Number(path.dataset.series ?? place);
      // The table may be sorted otherwise; the line runs from left to right.
      const rows = [...table.tBodies[0].rows].filter((row) => row.cells[series + 1].textContent !== "–")
        .sort((a, b) => a.cells[0].textContent - b.cells[0].textContent);
      const places = path.getAttribute("d").slice(1).split("L").map((at) => at.split(" ").map(Number));
      return places.map(([x, y], i) => ({ svg, x, y, label:
        `${names[series]}, ${across.toLowerCase()} ${rows[i].cells[0].textContent}: `
        + rows[i].cells[series + 1].textContent }));
    });
  };
  const fromTitles = (svgs) => svgs.map((svg) => [...svg.querySelectorAll("circle")]
    .filter((circle) => circle.querySelector("title"))
    .map((circle) => ({
      svg, x: circle.cx.baseVal.value, y: circle.cy.baseVal.value,
      label: circle.querySelector("title").textContent,
    })).sort((a, b) => a.x - b.x));

  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
  const nearest = (line, x) => line.reduce(
    (best, point, i) => (Math.abs(point.x - x) < Math.abs(line[best].x - x) ? i : best), 0);

  // Put the tooltip above a place of the page, or below it at the figure's upper edge, and within it.
  const put = (tip, figure, { x, y }) => {
    const box = figure.getBoundingClientRect();
    const left = Math.min(x - box.left - tip.offsetWidth / 2, box.width - tip.offsetWidth);
    const above = y - box.top - tip.offsetHeight - GAP;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${above >= 0 ? above : y - box.top + GAP}px`;
  };

  const makeInteractive = (figure, host) => {
    let lines = null;
    let at = null; // [line, point]
    const svgs = host.matches("svg") ? [host] : [...host.querySelectorAll("svg")];
    // Read on first use: a page may have many charts.
    const allLines = () => {
      const table = figure.querySelector("details.numbers table");
      lines ??= (table ? fromTable(svgs, table) : fromTitles(svgs)).filter((line) => line.length);
      return lines;
    };
    const tip = Page.make("p", { className: "readout" });
    host.after(tip);
    const ring = Page.svg("circle", { class: "ring", r: 6.5, "aria-hidden": "true" });

    const show = (place) => {
      at = place;
      if (!place) { ring.remove(); tip.textContent = ""; return; }
      const point = allLines()[place[0]][place[1]];
      ring.setAttribute("cx", point.x);
      ring.setAttribute("cy", point.y);
      point.svg.append(ring);
      tip.textContent = point.label;
      put(tip, figure, new DOMPoint(point.x, point.y).matrixTransform(point.svg.getScreenCTM()));
    };

    const follow = (event) => {
      const svg = svgs.find((each) => each.contains(event.target));
      if (!svg) return;
      tip.setAttribute("aria-live", "off"); // the mouse crosses points by chance
      const here = new DOMPoint(event.clientX, event.clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      let closest = null;
      let shortest = NEAR;
      allLines().forEach((line, i) => line.forEach((point, j) => {
        const away = point.svg === svg ? distance(point, here) : Infinity;
        if (away < shortest) { shortest = away; closest = [i, j]; }
      }));
      show(closest);
    };
    host.addEventListener("pointermove", follow);
    host.addEventListener("pointerdown", follow);
    host.addEventListener("pointerleave", () => show(null));
    // What pointing at shows goes away without moving the mouse.
    document.addEventListener("keydown", ({ key }) => { if (key === "Escape" && at) show(null); });

    host.tabIndex = 0;
    // Without this role, screen readers intercept the arrow keys.
    host.setAttribute("role", "application");
    host.setAttribute("aria-roledescription", "chart");
    host.addEventListener("focus", () => {
      tip.setAttribute("aria-live", "polite");
      if (at || !host.matches(":focus-visible")) return;
      tip.textContent = HINT;
      const { left, width, top } = host.getBoundingClientRect();
      put(tip, figure, { x: left + width / 2, y: top });
    });
    host.addEventListener("blur", () => show(null));
    host.addEventListener("keydown", (event) => {
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
      tip.setAttribute("aria-live", "polite");
      show(to());
    });
  };

  addEventListener("DOMContentLoaded", () => {
    for (const figure of document.querySelectorAll("figure.chart")) {
      const host = figure.querySelector("[role=img]");
      if (host && host.querySelector("path.line, circle > title")) makeInteractive(figure, host);
    }
  });
})();
