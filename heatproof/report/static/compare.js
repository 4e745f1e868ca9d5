// Compare two maps of one image. The choices are data in the page; the pictures are those of the
// networks' pages.
addEventListener("DOMContentLoaded", () => Page.each("compare-controls", (form, page) => {
  const datasets = JSON.parse(page.find("compare-data").textContent);
  const section = form.closest("section");
  const note = page.find("compare-note");
  const stage = page.find("compare-stage");
  const curtain = page.find("curtain");
  const { dataset, image, role, divider } = form.elements;
  const sides = ["a", "b"];
  const control = (side, what = "") => form.elements[side + what];
  const cellsOf = () => datasets[dataset.value].cells;
  const cellOf = (side) => cellsOf().find((c) => c.cell === control(side).value);
  const methodOf = (side) => cellOf(side).methods.findIndex(([name]) => name === control(side, "-method").value);
  const exampleOf = (cell, index) => cell.examples.find((e) => e.index === index);
  const shared = (one, two) => one.examples.filter((e) => exampleOf(two, e.index));

  // Set options, [value, text]; the selected value is kept if it is still among them.
  const offer = (select, options, wanted) => {
    const before = wanted ?? select.value;
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    if (options.some(([value]) => String(value) === before)) select.value = before;
  };
  const offerCells = (wanted = {}) => {
    const options = cellsOf().map((c) => [c.cell, c.model]);
    offer(control("a"), options, wanted.a ?? "");
    // B is at first another network with a common image, if possible the requested one.
    const fits = (c) => wanted.image === undefined ? shared(cellOf("a"), c).length : exampleOf(c, Number(wanted.image));
    const others = cellsOf().filter((c) => c !== cellOf("a") && fits(c));
    offer(control("b"), options, wanted.b ?? (others[0] ?? cellOf("a")).cell);
  };
  const offerMethods = (wanted = {}) => {
    const previous = Object.fromEntries(sides.map((side) => [side, control(side, "-method").value]));
    for (const side of sides) {
      const { methods } = cellOf(side);
      const own = control(side, "-method");
      // At first a coarse method, and two different methods of one network.
      const first = methods.find(([, , , coarse]) => coarse) ?? methods[0];
      const second = methods.find((m) => m !== first) ?? first;
      const usual = side === "b" && control("a").value === control("b").value ? second : first;
      offer(own, methods.map(([name, label]) => [name, label]), usual[0]);
      const name = wanted[`${side}-method`] ?? previous[side];
      if (methods.some(([known]) => known === name)) own.value = name;
    }
  };
  const offerImages = (wanted) => {
    const [a, b] = sides.map(cellOf);
    const outcome = (e) => (e.correct ? "correct" : `predicted ${e.predicted}`);
    offer(image, shared(a, b).map((e) => {
      const other = exampleOf(b, e.index);
      return [e.index, `${e.index}: ${e.true} (${a === b ? outcome(e) : `A ${outcome(e)}, B ${outcome(other)}`})`];
    }), wanted);
    image.disabled = image.options.length < 2;
  };

  const tile = ([href, width, height], [x, y], size, kind, label, colours = {}) => Page.svg("svg", {
    class: `tile ${kind}`, ...colours, viewBox: `${x} ${y} ${size[0]} ${size[1]}`,
    ...label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" },
  }, Page.svg(href.startsWith("#") ? "use" : "image", { href, width, height }));
  const mapPlace = (cell, number) => {
    const [width, height] = cell.tile.map((side) => side + 2 * cell.gutter);
    const columns = Math.floor(cell.maps[1] / width);
    return [number % columns * width + cell.gutter, Math.floor(number / columns) * height + cell.gutter];
  };
  const picture = (kind, ...parts) => Page.make("span", { className: `pic ${kind}` }, ...parts);

  // One side's picture and caption.
  const shown = (side) => {
    const cell = cellOf(side);
    const example = exampleOf(cell, Number(image.value));
    const chosen = role.value in example.maps ? role.value : Object.keys(example.maps)[0];
    const [first, peaks] = example.maps[chosen];
    const method = methodOf(side);
    const [, label, signed, coarse, unit, own, verdict] = cell.methods[method];
    const colours = signed ? {} : { filter: `url(#colours-${own})` };
    const target = chosen === "predicted" ? example.predicted : example.true;
    const levels = `levels ${signed ? "signed" : "unsigned"}${coarse ? " coarse" : ""}`;
    const draw = (kind, alt) => picture(kind,
      tile(cell.images, example.at, cell.tile, coarse || form.elements.over.value === "all" ? "under" : "behind", ""),
      tile(cell.maps, mapPlace(cell, first + method), cell.tile, levels, alt, colours));
    return { cell, example, label, verdict, target, peak: `${peaks[method]} ${unit}`, low: signed ? `−${peaks[method]}` : "0", levels, colours, draw };
  };
  const caption = (letter, { cell, example, label, verdict, target, peak, low, levels, colours }) => {
    const scale = Page.svg("svg", {
      class: `ramp ${levels}`, ...colours, viewBox: "0 0 120 10", preserveAspectRatio: "none", "aria-hidden": "true",
    }, Page.svg("rect", { width: 120, height: 10, fill: "url(#all-levels)" }));
    const outcome = example.correct ? "correct" : `true class ${example.true}`;
    const href = Page.place(cell.page, `image-${example.index}`);
    return Page.make("figcaption", {},
      Page.make("p", {}, Page.make("b", {}, `${letter}: ${cell.model}`)),
      Page.make("p", {}, `${label} for ${target}: `, Page.make("span", { className: "quiet" }, verdict)),
      Page.make("p", { className: "ramp-line" }, low, scale, peak),
      Page.make("p", {}, `Predicted ${example.predicted} (${example.confidence}), ${outcome}; `, Page.make("a", { href }, "all maps")));
  };

  const show = () => {
    const [a, b] = sides.map(shown);
    curtain.replaceChildren(
      a.draw("", `A: ${a.label} of ${a.cell.model} for ${a.target}`),
      b.draw("on-top", `B: ${b.label} of ${b.cell.model} for ${b.target}`),
      Page.make("span", { className: "line" }),
      Page.make("span", { className: "letter" }, "A"),
      Page.make("span", { className: "letter right" }, "B"));
    const plain = `Test image ${a.example.index}, class ${a.example.true}`;
    const image = picture("", tile(a.cell.images, a.example.at, a.cell.tile, "", plain));
    page.find("beside").replaceChildren(
      Page.make("figure", {}, image, Page.make("figcaption", {}, plain)),
      ...[[a, "A"], [b, "B"]].map(([one, letter]) => Page.make("figure", {},
        one.draw("", `${one.label} of ${one.cell.model}`), caption(letter, one))));
  };
  const slide = () => {
    curtain.style.setProperty("--at", `${divider.value}%`);
    divider.setAttribute("aria-valuetext", `A on ${divider.value} %, B on ${100 - divider.value} % of the picture`);
  };
  const paint = () => Choices.paint(form, page, section);
  const apply = () => {
    const none = !image.options.length;
    stage.hidden = none;
    note.hidden = !none;
    if (none) {
      const others = cellsOf().filter((c) => c !== cellOf("a") && shared(cellOf("a"), c).length);
      const offers = others.map((c) => `${c.model} (${shared(cellOf("a"), c).length})`).join(", ");
      note.textContent = `${cellOf("a").model} and ${cellOf("b").model} have no explained image in common. `
        + (offers ? `${cellOf("a").model} has images in common with ${offers}.` : `Choose two methods of ${cellOf("a").model}.`);
    } else {
      show();
    }
    paint();
    slide();
  };
  const write = () => {
    const values = Choices.read(form);
    for (const name of ["a", "a-method", "b", "b-method", "image"]) values.set(name, form.elements[name].value);
    values.set("dataset", datasets[dataset.value].name);
    Fragment.write(page, "compare", values);
  };
  const follow = () => {
    const { place, values } = Fragment.read(page);
    const wanted = place === "compare" ? Object.fromEntries(values) : {};
    Choices.restore(form, new URLSearchParams(wanted));
    dataset.value = Math.max(0, datasets.findIndex((d) => d.name === wanted.dataset));
    offerCells(wanted);
    offerMethods(wanted);
    offerImages(wanted.image);
    apply();
  };

  page.find("compare-no-script").hidden = true;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.opacity.addEventListener("input", () => { paint(); write(); });
  form.addEventListener("change", ({ target }) => {
    if (target === dataset) { offerCells(); offerMethods(); offerImages(); }
    if (target === control("a") || target === control("b")) { offerMethods(); offerImages(); }
    apply();
    write();
  });
  divider.addEventListener("input", () => { slide(); write(); });
  form.querySelector("[data-do=swap]").addEventListener("click", () => {
    const swapped = { a: control("b").value, b: control("a").value, "a-method": control("b", "-method").value, "b-method": control("a", "-method").value };
    offerCells(swapped);
    offerMethods(swapped);
    offerImages();
    apply();
    write();
  });
  const drag = (event) => {
    const box = curtain.getBoundingClientRect();
    divider.value = 100 * (event.clientX - box.left) / box.width;
    slide();
  };
  curtain.addEventListener("pointerdown", (event) => {
    curtain.setPointerCapture(event.pointerId);
    drag(event);
  });
  curtain.addEventListener("pointermove", (event) => { if (curtain.hasPointerCapture(event.pointerId)) drag(event); });
  curtain.addEventListener("pointerup", write);
  addEventListener("hashchange", () => { if (Fragment.read(page).place === "compare") follow(); });
  follow();
}));
