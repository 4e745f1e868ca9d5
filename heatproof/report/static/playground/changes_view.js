// Sliders that change what the networks see, each with the probability of the class that was
// predicted before any change, over the slider's whole range.
const ChangesView = {
  BATCH: 3,
  // views: of the networks; moved(finished): a slider was moved.
  make(page, views, moved) {
    const names = Object.keys(Changes.ALL);
    const slider = (name) => page.find(`change-${name}`);
    const curves = new Map(); // `side name` -> { points, holds }
    let [stop, timer, shown] = [new AbortController(), 0, false];

    const values = () => Object.fromEntries(names.map((name) => [name, Number(slider(name).value)]));
    const tell = (name) => {
      const value = Number(slider(name).value);
      const text = value ? Changes.ALL[name].text(value) : "none";
      page.find(`change-${name}-value`).textContent = text;
      slider(name).setAttribute("aria-valuetext", text);
    };
    const draw = (name) => {
      const { min, max, tick } = Changes.ALL[name];
      const lines = views.map((view, i) => ({ slot: i, dash: i, points: curves.get(`${view.side} ${name}`)?.points ?? [] }));
      Paint.chart(page.find(`change-${name}-curve`), {
        min, max, lines, marker: Number(slider(name).value),
        ticks: min < 0 ? [[min, tick(min)], [0, "0"], [max, tick(max)]] : [[0, "0"], [max, tick(max)]],
      });
      page.find(`change-${name}-summary`).textContent = views
        .map((view) => curves.get(`${view.side} ${name}`)?.summary).filter(Boolean).join(" ");
    };
    // In words, how far the prediction holds on both sides of no change.
    const holds = (view, name, points, label) => {
      const { min, text } = Changes.ALL[name];
      const start = points.findIndex(([value]) => value >= 0);
      const reach = (step) => {
        for (let i = start; i >= 0 && i < points.length; i += step) if (points[i][2] !== view.plainBest) return points[i];
        return null;
      };
      const lost = [...min < 0 ? [reach(-1)] : [], reach(1)].filter(Boolean);
      const what = `${views[1].network ? `${view.cell.model}: ` : ""}${label}`;
      if (!lost.length) return `${what} over the whole range.`;
      return `${what} until ${lost.map(([value, , becomes]) => `${text(value)} (then ${view.network.classes[becomes]})`).join(" and ")}.`;
    };
    // What is computed already, of the same picture and the same sliders.
    const computed = new Map();
    const compute = async (view, signal) => {
      const { network, plain, source } = view;
      const key = [network, source, JSON.stringify(values())];
      if (computed.get(view)?.every((part, i) => part === key[i])) return;
      const [logits] = await network.logits([plain], { signal });
      view.plainBest = logits.indexOf(Math.max(...logits));
      const current = values();
      for (const name of names) {
        const range = Changes.values(name);
        const found = new Map();
        const order = Changes.order();
        for (let i = 0; i < order.length; i += ChangesView.BATCH) {
          const places = order.slice(i, i + ChangesView.BATCH);
          const images = places.map((at) => Changes.apply(plain, network.input, { ...current, [name]: range[at] }));
          const all = await network.logits(images, { signal });
          if (signal.aborted) return;
          all.forEach((each, k) => found.set(places[k], [playground.softmax(each)[view.plainBest], each.indexOf(Math.max(...each))]));
          const points = [...found.keys()].sort((a, b) => a - b).map((at) => [range[at], ...found.get(at)]);
          const summary = found.size === Changes.POINTS ? holds(view, name, points, network.classes[view.plainBest]) : "";
          curves.set(`${view.side} ${name}`, { points, summary });
          draw(name);
        }
      }
      computed.set(view, key);
    };
    const work = async () => {
      const { signal } = stop;
      try {
        for (const view of views) if (view.network && view.image) await compute(view, signal);
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    };
    const part = {
      values,
      // Another picture or network: what is drawn of the last is given up, and computed again once
      // nothing has changed for a while and the charts are on the screen.
      refresh() {
        stop.abort();
        stop = new AbortController();
        clearTimeout(timer);
        if (!views.some((view) => view.image)) {
          curves.clear();
          for (const name of names) draw(name);
        }
        if (shown) timer = setTimeout(work, 250);
      },
      pause() {
        stop.abort();
        clearTimeout(timer);
      },
      set(wanted) {
        for (const name of names) {
          slider(name).value = Number.isFinite(wanted[name]) ? wanted[name] : 0;
          tell(name);
          draw(name);
        }
      },
    };
    for (const name of names) {
      slider(name).addEventListener("input", () => {
        tell(name);
        draw(name);
        part.pause();
        moved(false);
      });
      slider(name).addEventListener("change", () => moved(true));
    }
    page.find("change-reset").addEventListener("click", () => {
      part.set({});
      moved(true);
      Page.say("All changes are taken back");
    });
    new IntersectionObserver(([{ isIntersecting }]) => {
      shown = isIntersecting;
      if (shown) part.refresh();
      else part.pause();
    }, { rootMargin: "200px" }).observe(page.find("change"));
    part.set({});
    return part;
  },
};
