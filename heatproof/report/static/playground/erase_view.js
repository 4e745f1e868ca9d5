// Faithfulness in ten seconds: the pixels that a map marks are taken away, a tenth of the picture at
// a time, beside those it marks least and random ones, and by hand.
const EraseView = {
  KINDS: [["most", "what the map marks", 1], ["least", "what it marks least", 2], ["random", "random pixels", 7]],
  PAUSE: 350, // milliseconds between steps that are played
  BRUSH: 0.14, // of the picture's side
  TELLING: 3, // steps that are shown at the end: later nothing is left in any picture
  make(page, views, calm) {
    const part = (name) => page.find(`erase-${name}`);
    const form = part("controls").elements;
    let state = null; // of the picture that is being erased
    let [playing, generation] = [false, 0];

    const view = () => views.find(({ side }) => side === form.network.value) ?? views[0];
    // The class's probability, and the class that is predicted.
    const predicted = async (image) => {
      const { network, target } = state;
      const [logits] = await network.logits([image], {});
      return [playground.softmax(logits)[target], logits.indexOf(Math.max(...logits))];
    };
    const chart = () => {
      Paint.chart(part("chart"), {
        min: 0, max: 1, dots: true, height: 190, ticks: [[0, "nothing erased"], [0.5, "50 %"], [1, "all erased"]],
        lines: state ? [
          ...EraseView.KINDS.map(([kind, , slot], i) => ({ slot, dash: i, points: state.curves[kind] })),
          { slot: 3, dash: 3, points: state.curves.brush },
        ] : [],
      });
    };
    const without = (kind, steps) => (
      Removal.removed(state.image, state.ground, state.orders[kind], steps, state.network.input[2]));
    // A picture as it is after some steps, with what is left of the class there.
    const figure = (kind, steps) => {
      Paint.image(part(`${kind}-picture`), without(kind, steps), state.network.input);
      part(`${kind}-share`).textContent = Paint.percent(state.curves[kind][steps][1]);
    };
    const look = (steps) => {
      form.share.value = steps;
      const text = `${10 * steps} % erased`;
      part("share-value").textContent = text;
      form.share.setAttribute("aria-valuetext", text);
      for (const [kind] of EraseView.KINDS) figure(kind, Math.min(steps, state.steps[kind]));
    };
    const brushed = () => {
      Paint.image(part("brush-picture"), state.brushed, state.network.input);
      part("brush-share").textContent = `${Paint.percent(state.brushLeft)}, ${Math.round(100 * state.brushGone)} % erased`;
    };
    const conclude = () => {
      const steps = Math.min(...EraseView.KINDS.map(([kind]) => state.steps[kind]));
      if (steps < 1) {
        part("conclusion").textContent = "";
        return;
      }
      const mean = (kind) => state.curves[kind].slice(1, steps + 1).reduce((sum, [, p]) => sum + p, 0) / steps;
      const [most, least, random] = EraseView.KINDS.map(([kind]) => mean(kind));
      const text = `On average over ${steps === 1 ? "the first step" : `these ${steps} steps`}, ${state.name} keeps ${Paint.percent(most)} `
        + `where the map marks, ${Paint.percent(least)} where it marks least, ${Paint.percent(random)} at random. `;
      const gap = 0.05;
      const judged = most < random - gap && most < least - gap
        ? "On this picture the map marks what the prediction rests on."
        : "On this picture the map does no better than chance: what it marks is not what the prediction rests on.";
      const early = steps < 3 ? "Go on: a few steps say little." : judged;
      part("conclusion").textContent = text + early;
      state.faithful = steps >= 3 && judged.startsWith("On this picture the map marks");
      if (steps >= 3 && !playing) Page.say(text + early);
    };
    const step = async (kind) => {
      const own = generation;
      if (!state || state.steps[kind] >= Removal.STEPS) return;
      state.steps[kind] += 1;
      const steps = state.steps[kind];
      const [left] = await predicted(without(kind, steps));
      if (own !== generation) return;
      state.curves[kind].push([steps / Removal.STEPS, left]);
      if (!playing) figure(kind, steps);
      chart();
      conclude();
      buttons();
    };
    const buttons = () => {
      for (const [kind] of EraseView.KINDS) part(kind).disabled = !state || playing || state.steps[kind] >= Removal.STEPS;
      part("play").disabled = !state || playing;
      part("again").disabled = !state || playing;
      part("again").hidden = !state;
      form.share.disabled = !state || playing || EraseView.KINDS.every(([kind]) => !state.steps[kind]);
    };
    const play = async () => {
      const own = generation;
      playing = true;
      buttons();
      while (own === generation && EraseView.KINDS.some(([kind]) => state.steps[kind] < Removal.STEPS)) {
        const fewest = Math.min(...EraseView.KINDS.map(([kind]) => state.steps[kind]));
        for (const [kind] of EraseView.KINDS) {
          if (own === generation && state.steps[kind] === fewest) await step(kind);
        }
        if (own === generation) look(fewest + 1);
        if (!calm()) await new Promise((done) => setTimeout(done, EraseView.PAUSE));
      }
      if (own !== generation) return;
      playing = false;
      look(EraseView.TELLING);
      conclude();
      buttons();
    };
    // Begin with the picture as a network has it now, and one of its maps.
    const begin = async () => {
      generation += 1;
      const own = generation;
      const { network, image, target, cell, dataset, probabilities } = view();
      playing = false;
      if (!network || !image || target < 0 || !cell) {
        state = null;
        part("stage").hidden = true;
        part("empty").hidden = false;
        buttons();
        return;
      }
      offerMethods();
      const method = form.method.value;
      const map = view().maps[method] ?? await network.explain(method, image, target, {}).catch(() => null);
      if (own !== generation || !map) return;
      const ground = Removal.ground(image, network.input, form.ground.value || (dataset.usual.ground === "dark" ? "black" : "mean"), dataset.mean);
      const orders = Object.fromEntries(EraseView.KINDS.map(([kind]) => [kind, Removal.order(map.data, kind)]));
      const start = () => [[0, probabilities[target]]];
      state = {
        network, image, target, ground, orders, map, name: network.classes[target], faithful: false,
        curves: { most: start(), least: start(), random: start(), brush: start() },
        steps: { most: 0, least: 0, random: 0 }, brushed: image.slice(), gone: new Set(),
        brushGone: 0, brushLeft: probabilities[target], brushBest: view().best,
      };
      part("stage").hidden = false;
      part("empty").hidden = true;
      look(0);
      brushed();
      Paint.map(part("map"), map);
      part("map").className = `tile levels ${map.signed ? "signed" : "unsigned"}`;
      const { colours } = network.methods.find(({ name }) => name === method);
      part("map").style.filter = map.signed ? "" : `url(#colours-${colours})`;
      part("map").setAttribute("aria-label", `The map of ${form.method.selectedOptions[0].textContent} for ${state.name}`);
      chart();
      conclude();
      buttons();
    };
    const offerMethods = () => {
      const { network, cell } = view();
      const options = network.methods.map(({ name, label, slow }) => [name, label + (slow ? " (slow)" : "")]);
      const same = options.map(([name]) => name).join() === [...form.method.options].map((o) => o.value).join();
      if (same) return;
      const before = form.method.value;
      form.method.replaceChildren(...options.map(([name, label]) => new Option(label, name)));
      form.method.value = options.some(([name]) => name === before) ? before : cell.believed ?? options[0][0];
    };

    // The brush: what it covers becomes the ground, and the newest picture wins.
    let [brushing, again] = [false, false];
    const ask = async () => {
      again = true;
      if (brushing) return;
      brushing = true;
      while (again && state) {
        again = false;
        const own = generation;
        const gone = state.gone.size / (state.image.length / state.network.input[2]);
        const [left, becomes] = await predicted(state.brushed);
        if (own !== generation) continue;
        const { brush } = state.curves;
        if (gone > brush.at(-1)[0]) brush.push([gone, left]);
        Object.assign(state, { brushGone: gone, brushLeft: left, brushBest: becomes });
        brushed();
        chart();
      }
      brushing = false;
    };
    const rub = (points) => {
      if (!state) return;
      const [height, width, channels] = state.network.input;
      const radius = EraseView.BRUSH / 2 * Math.max(height, width);
      for (const [x, y] of points) {
        const [centreX, centreY] = [x * width, y * height];
        for (let row = Math.max(0, Math.floor(centreY - radius)); row < Math.min(height, centreY + radius); row += 1) {
          for (let column = Math.max(0, Math.floor(centreX - radius)); column < Math.min(width, centreX + radius); column += 1) {
            if (Math.hypot(column + 0.5 - centreX, row + 0.5 - centreY) > radius) continue;
            const pixel = row * width + column;
            state.gone.add(pixel);
            for (let at = pixel * channels; at < (pixel + 1) * channels; at += 1) state.brushed[at] = state.ground[at];
          }
        }
      }
      brushed();
      ask();
    };
    Hand.on(part("brush-picture"), part("cursor"), { start: (point) => rub([point]), move: rub, end: () => {} });

    for (const [kind] of EraseView.KINDS) part(kind).addEventListener("click", () => step(kind));
    part("play").addEventListener("click", async () => {
      if (EraseView.KINDS.every(([kind]) => state.steps[kind] >= Removal.STEPS)) await begin();
      play();
    });
    form.share.addEventListener("input", () => { if (state) look(Number(form.share.value)); });
    part("again").addEventListener("click", begin);
    part("controls").addEventListener("change", ({ target }) => { if (target !== form.share) begin(); });
    part("controls").addEventListener("submit", (event) => event.preventDefault());
    buttons();
    chart();
    return {
      refresh() {
        const both = views.filter((each) => each.network);
        form.network.closest("label").hidden = both.length < 2;
        form.network.replaceChildren(...both.map((each) => new Option(each.cell.name, each.side, false, each.side === form.network.value)));
        begin();
      },
      get state() { return state; },
    };
  },
};
