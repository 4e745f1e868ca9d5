// The gallery's controls: filters, order, methods and colours. Without scripts everything is shown.
addEventListener("DOMContentLoaded", () => Page.each("gallery-controls", (form, page) => {
  const section = form.closest("section");
  // Filters, feature maps and counterfactual changes are maps too.
  const coloured = [page.find("features"), page.find("counterfactuals")];
  const unfolded = Number(form.dataset.shown);
  const places = ["examples", "incorrect", "correct"];
  const count = page.find("gallery-count");
  const empty = page.find("gallery-empty");
  const boxes = [...form.querySelectorAll("[name=method]")];
  const groups = [...section.querySelectorAll(".gallery-group")].map((group) => {
    const more = group.querySelector(".more-images");
    const cards = [...group.querySelectorAll(".card")].map((element, place) => {
      const { index, predicted, confidence } = element.dataset;
      return { element, place, index: Number(index), truth: element.dataset.true, predicted, confidence: Number(confidence) };
    });
    return { group, kind: group.dataset.kind, cards, more, chosen: cards, first: group.querySelector(".cards"), rest: more?.querySelector(".cards") };
  });
  const all = groups.flatMap((g) => g.cards);
  const formatted = (value) => value.toLocaleString("en");
  const orders = {
    "": (a, b) => a.place - b.place,
    "most-confident": (a, b) => b.confidence - a.confidence || a.place - b.place,
    "least-confident": (a, b) => a.confidence - b.confidence || a.place - b.place,
    class: (a, b) => a.truth - b.truth || a.index - b.index,
    index: (a, b) => a.index - b.index,
  };
  const put = (box, cards) => {
    const wanted = cards.map((c) => c.element);
    if (box.children.length !== wanted.length || wanted.some((e, i) => box.children[i] !== e)) box.replaceChildren(...wanted);
  };

  // Folded cards are updated only when unfolded: there may be hundreds.
  const fill = ({ chosen, more, rest }) => { if (more?.open) put(rest, chosen.slice(unfolded)); };

  const select = () => {
    const { outcome, predicted, sort } = form.elements;
    const truth = form.elements.true.value;
    let shown = 0;
    for (const part of groups) {
      const { group, kind, cards, first, more } = part;
      part.chosen = cards.filter((c) => (!outcome.value || outcome.value === kind)
        && (!truth || c.truth === truth) && (!predicted.value || c.predicted === predicted.value));
      part.chosen.sort(orders[sort.value]);
      const number = part.chosen.length;
      shown += number;
      group.hidden = cards.length ? !number : Boolean(outcome.value && outcome.value !== kind);
      if (cards.length) put(first, part.chosen.slice(0, unfolded));
      if (!more) continue;
      more.hidden = number <= unfolded;
      more.querySelector("summary").textContent = `${formatted(number - unfolded)} more`;
      fill(part);
    }
    count.textContent = shown === all.length ? `All ${formatted(shown)} images` : `${formatted(shown)} of ${formatted(all.length)} images`;
    empty.hidden = shown > 0;
  };

  // The methods beyond the chosen ones, of every image.
  const every = form.querySelector("[data-do=unfold]");
  const moreMethods = () => all.flatMap(({ element }) => [...element.querySelectorAll(".more-methods")]);
  const unfold = (open) => {
    every?.setAttribute("aria-pressed", open);
    for (const more of moreMethods()) more.open = open;
  };
  let hidden = String(boxes.map(() => false));
  const chooseMethods = () => {
    const off = boxes.map((box) => !box.checked);
    if (String(off) === hidden) return;
    hidden = String(off);
    for (const { element } of all) {
      for (const shot of element.querySelectorAll("[data-method]")) shot.hidden = off[shot.dataset.method];
    }
    const on = off.filter((o) => !o).length;
    // What the reader chose is not folded away.
    unfold(on < boxes.length);
    for (const more of moreMethods()) more.hidden = !more.querySelector(".shot:not([hidden])");
    page.find("method-count").textContent = on === boxes.length ? `all ${on}` : `${on} of ${boxes.length}`;
  };

  // Add the image beneath the other maps when all maps are to be shown over their image.
  const underlay = () => {
    for (const { element } of all) {
      for (const target of element.querySelectorAll(".target")) {
        const image = target.querySelector(".original svg");
        for (const pic of target.querySelectorAll("[data-method] .pic")) {
          if (pic.children.length > 1) continue;
          const under = image.cloneNode(true);
          under.classList.add("under");
          under.removeAttribute("role");
          under.removeAttribute("aria-label");
          under.setAttribute("aria-hidden", "true");
          pic.prepend(under);
        }
      }
    }
  };
  const draw = () => {
    if (form.elements.over.value === "all") underlay();
    Choices.paint(form, page, section, coloured);
  };

  const values = () => Choices.read(form);
  const apply = () => { select(); chooseMethods(); draw(); form.querySelector("[data-do=reset]").hidden = !values().size; };
  const changed = () => { apply(); Fragment.write(page, "examples", values()); };
  const clear = () => {
    for (const name of ["outcome", "true", "predicted"]) form.elements[name].value = "";
  };

  // Cards get their true height only near the screen, so scroll again after layout.
  const reach = (element) => {
    const go = () => element.scrollIntoView({ behavior: "instant" });
    go();
    requestAnimationFrame(() => requestAnimationFrame(go));
  };

  // An address with an image shows that image, whatever the filters.
  const follow = () => {
    const { place, values: restored } = Fragment.read(page);
    const card = place.startsWith("image-") && all.find((c) => c.element.id === page.prefix + place);
    if (!card && !places.includes(place)) return;
    if (restored.size) {
      Choices.restore(form, restored);
      const methods = restored.getAll("method");
      for (const box of boxes) box.checked = !methods.length || methods.includes(box.value);
    }
    apply();
    const shows = (part) => part.chosen.includes(card);
    if (card && !groups.some(shows)) { clear(); apply(); }
    const part = groups.find(shows);
    if (part?.chosen.indexOf(card) >= unfolded) {
      part.more.open = true;
      fill(part);
    }
    if (card || restored.size) reach(card ? card.element : page.find(place));
  };

  form.hidden = false;
  form.addEventListener("change", changed);
  form.addEventListener("input", ({ target }) => { if (target.type === "range") changed(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", ({ target }) => {
    const { methods, do: action } = target.dataset;
    if (action === "unfold") { unfold(every.getAttribute("aria-pressed") === "false"); return; }
    if (action === "reset") form.reset();
    else if (methods) for (const box of boxes) box.checked = methods === "all";
    else return;
    changed();
  });
  empty.querySelector("button").addEventListener("click", () => {
    clear();
    changed();
    form.elements.outcome.focus();
  });
  for (const part of groups) part.more?.addEventListener("toggle", () => fill(part));
  addEventListener("hashchange", follow);
  follow();
}));
