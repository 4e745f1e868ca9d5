// Each chart can be saved as SVG and as PNG: as it is drawn in the light theme, with its title, and
// with its styles in it, so that it looks the same elsewhere. The script adds the buttons.
(() => {
  const STYLES = [
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "opacity",
    "paint-order", "font-family", "font-size", "font-weight", "font-variant-numeric",
  ];
  const HEAD = 26; // above the drawing, for the title; in the chart's units
  const EDGE = 12; // beside it, for what reaches beyond it
  const COLUMNS = 4; // of small multiples
  const SCALE = 3; // of a PNG
  const LONGEST = 8000; // side of a PNG

  const title = (figure) => figure.querySelector("figcaption").textContent.trim();
  const drawings = (figure) => [...figure.querySelectorAll("svg")].filter((svg) => svg.matches("[viewBox]:not([width])"));

  // A part of the page that is drawn elsewhere is drawn in its place.
  const resolved = (svg) => {
    const copy = svg.cloneNode(true);
    for (const ring of copy.querySelectorAll(".ring")) ring.remove();
    for (const use of copy.querySelectorAll("use")) {
      use.replaceWith(document.getElementById(use.getAttribute("href").slice(1)).cloneNode(true));
    }
    for (const element of copy.querySelectorAll("[id]")) element.removeAttribute("id");
    return copy;
  };

  const picture = (figure) => {
    const svgs = drawings(figure);
    const { width, height } = svgs[0].viewBox.baseVal;
    const columns = Math.min(COLUMNS, svgs.length);
    const size = [2 * EDGE + columns * width, HEAD + Math.ceil(svgs.length / columns) * height];
    const root = Page.svg("svg", { width: size[0], height: size[1], viewBox: `0 0 ${size.join(" ")}` });
    root.append(
      Page.svg("rect", { width: size[0], height: size[1], class: "chart-paper" }),
      Page.svg("text", { x: EDGE, y: 17, class: "chart-title" }, title(figure)));
    svgs.forEach((svg, i) => {
      const place = `translate(${EDGE + (i % columns) * width} ${HEAD + Math.floor(i / columns) * height})`;
      root.append(Page.svg("g", { transform: place }, ...resolved(svg).childNodes));
    });
    // Computed where the page's styles reach, in the light theme.
    const box = Page.make("div", { className: "chart chart-copy" }, root);
    document.body.append(box);
    const computed = [...root.querySelectorAll("*")].map((element) => [element, getComputedStyle(element)])
      .map(([element, style]) => [element, STYLES.map((name) => [name, style.getPropertyValue(name)])]);
    for (const [element, style] of computed) {
      element.removeAttribute("class");
      if (!element.matches("g, title")) for (const [name, value] of style) if (value && value !== "normal") element.setAttribute(name, value);
    }
    box.remove();
    return [root, size];
  };
  const written = (root) => new XMLSerializer().serializeToString(root);

  const png = (root, [width, height]) => new Promise((resolve, reject) => {
    const scale = Math.min(SCALE, LONGEST / Math.max(width, height));
    const image = new Image();
    image.onerror = reject;
    image.onload = () => {
      const canvas = Page.make("canvas", { width: Math.round(scale * width), height: Math.round(scale * height) });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(resolve, "image/png");
    };
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(written(root))}`;
  });

  const FORMATS = {
    SVG: async (root) => new Blob([written(root)], { type: "image/svg+xml" }),
    PNG: png,
  };
  addEventListener("DOMContentLoaded", () => {
    for (const figure of document.querySelectorAll("figure.chart")) {
      if (!drawings(figure).length) continue;
      const buttons = Object.entries(FORMATS).map(([format, made]) => {
        const button = Page.make("button", { type: "button", ariaLabel: `Download ${format}: ${title(figure)}` }, `Download ${format}`);
        button.addEventListener("click", async () => Page.save(title(figure), format.toLowerCase(), await made(...picture(figure))));
        return button;
      });
      figure.append(Page.make("p", { className: "chart-tools" }, ...buttons));
    }
  });
})();
