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
    const choices = { fit: preparation.fit.value, ...Object.fromEntries(["invert", "levels", "asIs"].map((name) => [name, preparation[name].checked])) };
    source = pad.source();
    if (source) source.choices = choices;
    for (const view of views) view.plainBest = undefined;
    show(finished);
    if (!source) told(null, true);
    if (finished) write();
  };
  const pad = Pad.make(page, refreshed);
  for (const view of views) view.again = () => show(true);
  page.find("preparation").addEventListener("change", () => refreshed(true));

  // Of several networks that are asked for in turn the last is open in the end, whichever is loaded
  // first: side -> { cell, done }, of the last that was asked for.
  const openings = new Map();
  const open = (view, cell) => {
    const before = openings.get(view.side);
    if (before?.cell === cell) return before?.done;
    const opening = { cell };
    openings.set(view.side, opening);
    opening.done = change(view, cell, () => openings.get(view.side) === opening);
    return opening.done;
  };
  const states = new Map();
  const tell = (view, text) => {
    states.set(view.side, text);
    page.find("playground-status").textContent = [...states.values()].filter(Boolean).join(" ");
  };
  const change = async (view, cell, isLast) => {
    tell(view, cell ? `Loading ${cell.name} …` : "");
    view.close();
    let [problem, offered] = ["", tests];
    try {
      if (cell) await view.open(cell, isLast);
      if (cell && view === views[0]) offered = await TestImages.read(data.datasets[cell.dataset].images, cell.dataset);
    } catch (error) {
      if (isLast()) view.close();
      problem = `${cell.name} could not be opened: ${error.message}`;
    }
    if (!isLast()) return;
    tell(view, problem);
    if (problem) {
      openings.delete(view.side);
      page.find("playground-load").hidden = openings.has("a");
    }
    if (view === views[0] && view.network) {
      tests = offered;
      TestImages.offer(page.find("tests"), tests, (test) => pad.place(test));
      page.find("pad-colour").hidden = view.network.input[2] !== 3;
      pad.setGround(data.datasets[cell.dataset].usual.ground === "dark");
      if (!pad.source()) pad.place({ ...tests[0], offered: true });
    }
    root.classList.toggle("open", views.some(({ network }) => network));
    root.classList.toggle("two", views.every(({ network }) => network));
    show(true);
    if (!view.network) told(null, true);
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
    if (picture?.test) values.set("test", picture.test.row);
    for (const [name, value] of Object.entries(changes.values())) if (value) values.set(name, value);
    Fragment.write(page, "draw", values);
    page.find("link").value = location.href;
    const left = [picture && !picture.test ? "your picture" : "", strokes.length && !drawing ? "the drawing, which is too long" : ""].filter(Boolean);
    page.find("link-note").textContent = damaged || (left.length ? `It does not carry ${left.join(" and ")}.` : "");
  };
  // A test image by its row in the dataset: one to choose from, or one that the network's page explains.
  const testOf = async (row) => {
    const { examples, cell } = views[0];
    const isIt = ({ test }) => String(test.row) === row;
    if (!row || tests.some(isIt) || !examples) return tests.find(isIt) ?? null;
    return (await TestImages.read(examples, cell.dataset)).find(isIt) ?? null;
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
    page.find("playground-load").hidden = true;
    await open(views[0], cellOf(first.value));
    if (views[0].cell?.name !== values.get("a")) return; // the reader has opened another meanwhile
    const test = await testOf(wanted.test);
    if (wanted.strokes.length || test) pad.place(test, wanted.strokes);
    await open(views[1], cellOf(second.value));
  };

  Worksheet.make(page, () => ({ a: views[0], b: views[1], pad, changes: changes.values(), erase: erase.state }));
  page.find("playground-off").querySelector(".warning-line").hidden = true;
  page.find("playground-invitation").append(page.find("playground-off"));
  for (const part of document.querySelectorAll(".playground-part")) part.hidden = false;
  first.replaceChildren(...data.networks.map((each) => new Option(`${each.name} (${Paint.bytes(each.bytes)})`, each.name)));
  offer();
  form.addEventListener("submit", (event) => { event.preventDefault(); chosen(); });
  first.addEventListener("change", () => { offer(); if (openings.has("a")) chosen(); });
  second.addEventListener("change", () => { if (openings.has("a") || second.value) chosen(); });
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
