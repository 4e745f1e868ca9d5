// Images, maps, bars and curves. Maps are levels of grey, as in the site's sprites, and the same
// filters colour them.
const Paint = {
  percent(share) {
    const value = 100 * share;
    if (value > 0 && value < 0.1) return "< 0.1 %";
    if (value < 100 && value > 99.9) return "> 99.9 %";
    return `${value.toFixed(1)} %`;
  },
  bytes: (count) => (count < 1e6 ? `${Math.max(1, Math.round(count / 1000))} kB` : `${(count / 1e6).toFixed(1)} MB`),
  // level(i, c) is that of a channel c, 0 to 2, at the place i: 0 to 255.
  pixels(canvas, width, height, level) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const image = new ImageData(width, height);
    for (let i = 0, at = 0; i < width * height; i += 1, at += 1) {
      for (let c = 0; c < 3; c += 1, at += 1) image.data[at] = level(i, c);
      image.data[at] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  },
  // An image, values in [0, 1], HWC.
  image(canvas, data, [height, width, channels]) {
    Paint.pixels(canvas, width, height, (i, c) => 255 * data[i * channels + (channels === 3 ? c : 0)]);
  },
  // A map, divided by its own largest magnitude: 0 to 255, or, signed, 1 to 255 with zero at 128.
  map(canvas, { data, shape: [height, width], signed }) {
    const peak = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    Paint.pixels(canvas, width, height, (i) => (signed ? 128 + 127 * data[i] / peak : 255 * Math.max(0, data[i] / peak)));
  },
  // Feature maps side by side, all on one scale; returns the number of the strongest.
  features(canvas, { data, shape: [height, width, count] }, shown) {
    const columns = shown <= 8 ? shown : Math.ceil(Math.sqrt(shown * 2.6));
    const rows = Math.ceil(shown / columns);
    const sums = new Float64Array(count);
    let peak = 0;
    for (let i = 0; i < data.length; i += 1) {
      sums[i % count] += Math.max(0, data[i]);
      peak = Math.max(peak, data[i]);
    }
    const gap = 1;
    const sheet = new ImageData(columns * (width + gap) - gap, rows * (height + gap) - gap);
    for (let map = 0; map < shown; map += 1) {
      const [left, top] = [map % columns * (width + gap), Math.floor(map / columns) * (height + gap)];
      for (let i = 0; i < width * height; i += 1) {
        const level = peak > 0 ? 255 * Math.max(0, data[i * count + map]) / peak : 0;
        const at = 4 * ((top + Math.floor(i / width)) * sheet.width + left + i % width);
        for (let c = 0; c < 3; c += 1) sheet.data[at + c] = level;
        sheet.data[at + 3] = 255;
      }
    }
    [canvas.width, canvas.height] = [sheet.width, sheet.height];
    canvas.style.maxWidth = `${4.4 * columns}rem`;
    canvas.getContext("2d").putImageData(sheet, 0, 0);
    return sums.indexOf(sums.reduce((a, b) => Math.max(a, b)));
  },
  // Probabilities as bars: [{ name, share, marked }].
  bars(list, entries) {
    while (list.children.length > entries.length) list.lastChild.remove();
    while (list.children.length < entries.length) {
      list.append(Page.make("li", {},
        Page.make("span", { className: "bar-name" }),
        Page.make("span", { className: "bar-rail" }, Page.make("span", { className: "bar-share" })),
        Page.make("span", { className: "bar-number" })));
    }
    entries.forEach(({ name, share, marked }, i) => {
      const row = list.children[i];
      const [label, rail, number] = row.children;
      row.classList.toggle("first", marked);
      if (label.textContent !== name) [label.textContent, label.title] = [name, name];
      rail.firstChild.style.width = `${100 * share}%`;
      number.textContent = Paint.percent(share);
    });
  },
  // A chart of shares. lines: [{ slot, dash, points: [[x, y]] }], x between min and max, y from 0 to
  // 1; ticks: [[x, text]]; marker: an x, or null; dots: whether points are shown. As wide as it is on
  // the screen, so that its letters are as large everywhere.
  LEFT: 42, RIGHT: 10, TOP: 8, BOTTOM: 24,
  chart(svg, { min, max, lines, ticks, marker = null, dots = false, height = 150 }) {
    const width = Math.min(800, Math.max(240, Math.round(svg.clientWidth || 320)));
    const x = (value) => Paint.LEFT + (value - min) / (max - min) * (width - Paint.LEFT - Paint.RIGHT);
    const y = (share) => Paint.TOP + (1 - share) * (height - Paint.TOP - Paint.BOTTOM);
    const [left, right, bottom] = [x(min), x(max), y(0)];
    const text = (content, attributes) => {
      const element = Page.svg("text", { class: "tick", ...attributes });
      element.textContent = content;
      return element;
    };
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(
      ...[0, 0.5, 1].flatMap((share) => [
        Page.svg("path", { class: share ? "grid" : "axis", d: `M${left} ${y(share)}H${right}` }),
        text(`${100 * share} %`, { x: left - 5, y: y(share) + 3.5, "text-anchor": "end" }),
      ]),
      ...ticks.map(([value, label], i) => text(label, {
        x: x(value), y: bottom + 16, "text-anchor": i === 0 ? "start" : i === ticks.length - 1 ? "end" : "middle",
      })),
      ...marker === null ? [] : [Page.svg("path", { class: "marker", d: `M${x(marker)} ${Paint.TOP}V${bottom}` })],
      ...lines.filter(({ points }) => points.length).flatMap(({ slot, dash = 0, points }) => {
        const d = points.map(([at, share], i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(share).toFixed(1)}`).join("");
        const ends = points.map(([at, share]) => `M${x(at).toFixed(1)} ${y(share).toFixed(1)}h0`).join("");
        return [
          Page.svg("path", { class: `line slot-${slot} dash-${dash}`, d }),
          ...dots || points.length === 1 ? [Page.svg("path", { class: `dots slot-${slot}`, d: ends })] : [],
        ];
      }));
  },
};
