// The page "draw, look, erase": the pad, one or two networks beside it, and a link that carries all.
addEventListener("DOMContentLoaded", () => Page.each("playground", (root, page) => {
  const data = JSON.parse(page.find("playground-data").textContent);
  const form = page.find("playground-controls");
  const { a: first, b: second } = form.elements;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const cellOf = (name) => data.networks.find((each) => each.name === name);
  const said = new Map();
  let [source, tests, saying, damaged] = [null, [], 0, ""];

  const say = () => {
    clearTimeout(saying);
    saying = setTimeout(() => {
      const text = views.filter((view) => view.network && view.best >= 0)
        .map((view) => `${view.cell.name}: ${view.network.classes[view.best]}, ${Paint.percent(view.probabilities[view.best])}`).join("; ");
      if (text && text !== said.get("last")) Page.say(text);
      said.set("last", text);
    }, 900);
  };
  const told = (view, finished) => {
    say();
    page.find("pad-answer").replaceChildren(...views.filter(({ best }) => best >= 0).flatMap(({ network, best, probabilities }) => [
      Page.make("b", {}, network.classes[best]), ` ${Paint.percent(probabilities[best])} `,
    ]));
    if (finished) {
      changes.refresh();
      erase.refresh();
    }
  };
  const views = ["a", "b"].map((side) => NetworkView.make(page, side, data, told));
  const show = (finished) => views.forEach((view) => view.show(source, changes.values(), finished));
  const changes = ChangesView.make(page, views, (finished) => {
    show(finished);
    if (finished) write();
  });
  const erase = EraseView.make(page, views, () => calm.matches);
  const preparation = page.find("preparation").elements;
  const refreshed = (finished) => {
    changes.pause();
    const shown = pad.source();
    source = shown && {
      ...shown,
      choices: { fit: preparation.fit.value, ...Object.fromEntries(["invert", "levels", "asIs"].map((name) => [name, preparation[name].checked])) },
    };
    for (const view of views) view.plainBest = undefined;
    show(finished);
    if (!source) told(null, true);
    if (finished) write();
  };
  const pad = Pad.make(page, refreshed);
  for (const view of views) view.again = () => show(true);
  page.find("preparation").addEventListener("change", () => refreshed(true));

  // The test images of a network's dataset, to choose from.
  const offerTests = async (name) => {
    const { images } = data.datasets[name];
    const picture = new Image();
    picture.src = images.src;
    await picture.decode();
    const [height, width, channels] = images.size;
    const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d", { willReadFrequently: true });
    sheet.drawImage(picture, 0, 0);
    tests = images.labels.map((label, index) => {
      const image = sheet.getImageData(index * width, 0, width, height);
      const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => image.data[4 * Math.floor(i / channels) + i % channels]);
      const bitmap = new OffscreenCanvas(width, height);
      bitmap.getContext("2d").putImageData(image, 0, 0);
      return { image, bitmap, test: { dataset: name, index, pixels }, label };
    });
    page.find("tests").replaceChildren(...tests.map((test) => {
      const canvas = Page.make("canvas", { className: "tile", width, height });
      canvas.getContext("2d").drawImage(test.bitmap, 0, 0);
      canvas.setAttribute("aria-hidden", "true");
      const button = Page.make("button", { type: "button", title: test.label }, canvas,
        Page.make("span", { className: "visually-hidden" }, `Test image: ${test.label}`));
      button.addEventListener("click", () => pad.place(test));
      return Page.make("li", {}, button);
    }));
  };
  const open = async (view, cell) => {
    const status = page.find("playground-status");
    if (view.cell?.name === cell?.name) return;
    status.textContent = cell ? `Loading ${cell.name} …` : "";
    root.dataset.loading = view.side;
    try {
      if (cell) await view.open(cell);
      else view.close();
      status.textContent = "";
    } catch (error) {
      view.close();
      status.textContent = `${cell.name} could not be opened: ${error.message}`;
    }
    delete root.dataset.loading;
    if (view === views[0] && view.network) {
      await offerTests(cell.dataset);
      const { usual } = data.datasets[cell.dataset];
      page.find("pad-colour").hidden = view.network.input[2] !== 3;
      pad.setGround(usual.ground === "dark");
      if (!pad.source()) pad.place({ ...tests[0], offered: true });
    }
    const some = views.some(({ network }) => network);
    root.classList.toggle("open", some);
    root.classList.toggle("two", views.every(({ network }) => network));
    show(true);
    if (!cell) told(null, true);
    write();
  };
  // The second network is one of another name; at first those of the same dataset.
  const offer = () => {
    const own = cellOf(first.value);
    const others = data.networks.filter((each) => each !== own);
    const near = (each) => (each.dataset === own.dataset ? 0 : 1);
    const before = second.value;
    second.replaceChildren(new Option("none", ""), ...others.sort((x, y) => near(x) - near(y)).map((each) => new Option(`${each.name} (${Paint.bytes(each.bytes)})`, each.name)));
    second.value = others.some(({ name }) => name === before) ? before : "";
    page.find("playground-load").textContent = `Open ${own.model} (${Paint.bytes(own.bytes)})`;
  };
  const chosen = async () => {
    page.find("playground-load").hidden = true;
    await open(views[0], cellOf(first.value));
    await open(views[1], cellOf(second.value));
  };

  // The link: networks, drawing or test image, and sliders.
  const write = () => {
    if (!views[0].network) return;
    const values = new URLSearchParams({ a: views[0].cell.name });
    if (views[1].network) values.set("b", views[1].cell.name);
    const { picture, strokes } = pad.state;
    const drawing = Strokes.toText(strokes);
    if (strokes.length && drawing) values.set("drawing", drawing);
    if (picture?.test) values.set("test", picture.test.index);
    for (const [name, value] of Object.entries(changes.values())) if (value) values.set(name, value);
    Fragment.write(page, "draw", values);
    page.find("link").value = location.href;
    const left = [picture && !picture.test ? "your picture" : "", strokes.length && !drawing ? "the drawing, which is too long" : ""].filter(Boolean);
    page.find("link-note").textContent = damaged || (left.length ? `It does not carry ${left.join(" and ")}.` : "");
  };
  const follow = async () => {
    const { place, values } = Fragment.read(page);
    if (place !== "draw" || !cellOf(values.get("a"))) return;
    first.value = values.get("a");
    offer();
    if (cellOf(values.get("b"))) second.value = values.get("b");
    damaged = "";
    changes.set(Object.fromEntries(Object.keys(Changes.ALL).filter((name) => values.has(name)).map((name) => [name, Number(values.get(name))])));
    let strokes = [];
    try {
      strokes = Strokes.fromText(values.get("drawing") ?? "");
    } catch {
      damaged = "The drawing in the link that you followed is damaged and was left out.";
    }
    const wanted = { strokes, test: values.get("test") };
    await open(views[0], cellOf(first.value));
    const test = /^\d{1,3}$/.test(wanted.test ?? "") ? tests[Number(wanted.test)] ?? null : null;
    if (wanted.strokes.length || test) pad.place(test, wanted.strokes);
    page.find("playground-load").hidden = true;
    await open(views[1], cellOf(second.value));
  };

  Worksheet.make(page, () => ({ a: views[0], b: views[1], pad, changes: changes.values(), erase: erase.state }));
  page.find("playground-off").querySelector(".warning-line").hidden = true;
  page.find("playground-invitation").append(page.find("playground-off"));
  for (const part of document.querySelectorAll(".playground-part")) part.hidden = false;
  first.replaceChildren(...data.networks.map((each) => new Option(`${each.name} (${Paint.bytes(each.bytes)})`, each.name)));
  offer();
  form.addEventListener("submit", (event) => { event.preventDefault(); chosen(); });
  first.addEventListener("change", () => { offer(); if (views[0].network) chosen(); });
  second.addEventListener("change", () => { if (views[0].network || second.value) chosen(); });
  page.find("link-copy").addEventListener("click", async () => {
    const link = page.find("link");
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      link.select();
      document.execCommand("copy");
    }
    Page.say("The link is copied");
  });
  addEventListener("hashchange", () => { if (Fragment.read(page).place === "draw") follow(); });
  follow();
}));
