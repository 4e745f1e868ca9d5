// One network beside the pad: what it is given, what it predicts, and where it looks. The newest
// picture wins: whatever was begun for an earlier one is given up.
const NetworkView = {
  BARS: 10, // classes shown, where there are more
  CHANNELS: 64, // feature maps shown, of a layer that has more
  // setup of the article of a side ("a" or "b"); told(view) after every prediction.
  make(page, side, data, told) {
    const part = (name) => page.find(`${side}-${name}`);
    const article = part("network");
    const view = {
      side, article, network: null, cell: null, dataset: null,
      seen: null, plain: null, image: null, logits: null, probabilities: null, best: -1, maps: {}, busy: false,
    };
    let [wanted, running, stop, source] = [null, false, new AbortController(), null];

    // Whether an answer comes too late: the network was closed, or the pad cleared.
    const isGone = (network) => network !== view.network || !source;
    // The picture as the network sees it. The worker makes it: that takes longer than a frame.
    const prepare = async () => {
      const { network, cell, dataset } = view;
      const shown = source;
      if (shown === view.source) return;
      const seen = shown.test?.dataset === cell.dataset
        ? { pixels: shown.test.pixels, handling: "A test image, taken as it is.", remarks: [] }
        : await network.prepare(shown.image, dataset.usual, shown.choices);
      if (isGone(network)) return;
      const plain = new Float32Array(seen.pixels).map((value) => value / 255);
      Object.assign(view, { source: shown, seen, plain });
    };
    const describe = () => {
      const { network, probabilities, best } = view;
      const order = Array.from(probabilities.keys()).sort((i, j) => probabilities[j] - probabilities[i]);
      view.best = order[0];
      const shown = network.classes.length > NetworkView.BARS ? order.slice(0, NetworkView.BARS) : [...network.classes.keys()];
      Paint.bars(part("bars"), shown.map((i) => ({ name: network.classes[i], share: probabilities[i], marked: i === view.best })));
      part("answer").textContent = network.classes[view.best];
      part("confidence").textContent = Paint.percent(probabilities[view.best]);
      part("handling").textContent = view.seen.handling;
      part("size").textContent = `as the network sees it, ${network.input[1]}×${network.input[0]}`;
      const remarks = part("remarks");
      remarks.hidden = !view.seen.remarks.length;
      remarks.textContent = view.seen.remarks.join(" ");
      if (best !== view.best) part("answer").parentElement.classList.add("new");
    };
    const showFeatures = (activations) => {
      const name = part("layer").value;
      const activation = activations?.[name];
      if (!activation) return;
      const count = activation.shape[2];
      const shown = Math.min(count, NetworkView.CHANNELS);
      const canvas = part("features");
      const strongest = Paint.features(canvas, activation, shown);
      const [height, width] = activation.shape;
      const kind = `${count} feature ${count === 1 ? "map" : "maps"} of ${width}×${height}`;
      canvas.setAttribute("aria-label", `${kind} of the layer ${name}`);
      part("features-note").textContent = `${kind}${shown < count ? `, the first ${shown}` : ""}, all on one scale; most active: number ${strongest + 1}.`;
    };
    const target = () => {
      const chosen = Number(part("class").value);
      return part("class").value === "" ? view.best : chosen;
    };
    // The maps, each of which may take as long as the method needs.
    const explain = async (image, signal) => {
      view.maps = {};
      view.target = target();
      for (const name of view.cell.shown) {
        const figure = part(`map-${name}`);
        figure.classList.add("stale");
        const map = await view.network.explain(name, image, view.target, { signal });
        if (signal.aborted) return;
        view.maps[name] = map;
        const [under, over] = figure.querySelectorAll("canvas");
        Paint.image(under, image, view.network.input);
        Paint.map(over, map);
        over.setAttribute("aria-label", `${figure.dataset.label} for ${view.network.classes[view.target]}`);
        figure.classList.remove("stale");
      }
    };
    const step = async ({ changes, finished }) => {
      const { network } = view;
      await prepare();
      if (isGone(network)) return;
      const image = Changes.apply(view.plain, network.input, changes);
      const layer = part("layer").value;
      const { logits, activations } = await network.run(image, { layers: layer ? [layer] : [] });
      if (isGone(network)) return;
      Object.assign(view, { image, logits, probabilities: playground.softmax(logits) });
      Paint.image(part("seen"), image, network.input);
      describe();
      showFeatures(activations);
      told(view);
      if (wanted) return;
      stop = new AbortController();
      await explain(image, stop.signal);
      if (!stop.signal.aborted) told(view, finished);
    };
    const work = async () => {
      running = true;
      while (wanted) {
        const next = wanted;
        wanted = null;
        try {
          await step(next);
        } catch (error) {
          if (error.name !== "AbortError" && view.network) {
            part("remarks").textContent = `This network could not be run: ${error.message}`;
            part("remarks").hidden = false;
            console.error(error);
          }
        }
      }
      running = false;
    };
    const ask = (changes, finished) => {
      if (!view.network || !source) return;
      wanted = { changes, finished };
      stop.abort();
      if (!running) work();
    };

    view.show = (shown, changes, finished) => {
      source = shown;
      article.classList.toggle("waiting", !source);
      if (!source) {
        wanted = null;
        stop.abort();
        Object.assign(view, { source: null, image: null, probabilities: null, best: -1, maps: {} });
      }
      ask(changes, finished);
    };
    view.target = -1;
    // isLast(): whether no other network was asked for since; else this one is given up.
    view.open = async (cell, isLast) => {
      const { examples, ...record } = await playground.load(cell.file);
      if (!isLast()) return;
      const network = await playground.open(record);
      if (!isLast()) {
        network.close();
        return;
      }
      Object.assign(view, { network, examples, cell: { ...cell }, dataset: data.datasets[cell.dataset], source: null, best: -1, probabilities: null });
      NetworkView.furnish(view, part);
      article.hidden = false;
    };
    view.close = () => {
      stop.abort();
      wanted = null;
      view.network?.close();
      Object.assign(view, { network: null, examples: null, cell: null, image: null, probabilities: null, maps: {} });
      article.hidden = true;
    };
    for (const name of ["layer", "class"]) part(name).addEventListener("change", () => view.again(true));
    view.again = () => {};
    return view;
  },
  // What depends on the network: names, layers, classes, and which maps are drawn.
  furnish(view, part) {
    const { network, cell } = view;
    part("name").textContent = cell.model;
    part("dataset").textContent = ` on ${cell.dataset}`;
    part("page").href = cell.page;
    const layers = network.layers.filter(({ maps }) => maps);
    const select = part("layer");
    select.replaceChildren(...layers.map(({ name, shape }) => new Option(`${name} (${shape.join("×")})`, name)));
    select.value = (layers.find(({ kind }) => kind === "Conv2D") ?? layers[0])?.name ?? "";
    part("features-part").hidden = !layers.length;
    part("class").replaceChildren(new Option("the predicted class", ""), ...network.classes.map((name, i) => new Option(name, i)));
    const known = new Map(network.methods.map((method) => [method.name, method]));
    // Gradients of the last layer and of the pixels, and beside them the best by the study's verdict
    // of those that are computed here.
    const [best] = cell.verdicts;
    const believed = cell.verdicts.find(({ method }) => known.has(method));
    cell.believed = believed?.method;
    const ranked = cell.verdicts.map(({ method }) => method).filter((name) => known.has(name));
    const further = ranked.find((name) => !["gradcam", "saliency"].includes(name));
    cell.shown = ["gradcam", "saliency", ...further ? [further] : []].filter((name) => known.has(name));
    part("maps").replaceChildren(...cell.shown.map((name) => NetworkView.figure(view, part, known.get(name))));
    const note = part("verdict");
    note.hidden = !best;
    if (best) {
      const whose = `Of all methods ${best.label} has the best verdict on this network: ${best.level}.`;
      note.textContent = best === believed ? whose
        : `${whose} This page does not compute it; ${believed ? `of those it does, ${believed.label} has the best (${believed.level})` : "it does none that is assessed"}.`;
    }
  },
  figure(view, part, method) {
    const verdict = view.cell.verdicts.find((each) => each.method === method.name);
    const canvas = (className) => Page.make("canvas", { className });
    const over = canvas(`tile levels ${method.signed ? "signed" : "unsigned"}`);
    over.setAttribute("role", "img");
    if (!method.signed) over.style.filter = `url(#colours-${method.colours})`;
    const best = view.cell.believed === method.name;
    const figure = Page.make("figure", { className: "play-map", id: part("maps").id.replace(/maps$/, `map-${method.name}`) },
      Page.make("span", { className: "pic" }, canvas("tile under"), over),
      Page.make("figcaption", {}, Page.make("b", {}, method.label), ...best ? [" ", Page.make("span", { className: "chip" }, "best verdict")] : [],
        Page.make("span", { className: "quiet map-level" }, verdict ? `verdict: ${verdict.level}` : "not assessed")));
    figure.dataset.label = method.label;
    if (method.layer || method.name === "gradcam") over.classList.add("coarse");
    figure.querySelector(".under").setAttribute("aria-hidden", "true");
    return figure;
  },
};
