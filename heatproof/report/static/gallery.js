// The gallery's controls: what is shown, in which order and colours. Without scripts all is shown.
addEventListener("DOMContentLoaded", () => Page.each("gallery-controls", (form, page) => {
  const section = form.closest("section");
  // Filters, feature maps and changes are maps too.
  const coloured = [section, page.find("inside"), page.find("changes")];
  const most = Number(form.dataset.shown);
  const places = ["examples", "wrong", "right"];
  const count = page.find("gallery-count");
  const empty = page.find("gallery-empty");
  const boxes = [...form.querySelectorAll("[name=method]")];
  const groups = [...section.querySelectorAll(".gallery-group")].map((group) => {
    const more = group.querySelector("details");
    const cards = [...group.querySelectorAll(".card")].map((element, place) => {
      const { index, predicted, sure } = element.dataset;
      return { element, place, index: Number(index), truth: element.dataset.true, predicted, sure: Number(sure) };
    });
    return { group, kind: group.dataset.kind, cards, more, chosen: cards, first: group.querySelector(".cards"), rest: more?.querySelector(".cards") };
  });
  const all = groups.flatMap((g) => g.cards);
  const number = (value) => value.toLocaleString("en");
  const orders = {
    "": (a, b) => a.place - b.place,
    surest: (a, b) => b.sure - a.sure || a.place - b.place,
    "least-sure": (a, b) => a.sure - b.sure || a.place - b.place,
    class: (a, b) => a.truth - b.truth || a.index - b.index,
    index: (a, b) => a.index - b.index,
  };
  const put = (box, cards) => {
    const wanted = cards.map((c) => c.element);
    if (box.children.length !== wanted.length || wanted.some((e, i) => box.children[i] !== e)) box.replaceChildren(...wanted);
  };

  // What is folded away is put in order only when it is opened: hundreds of cards take their time.
  const fill = ({ chosen, more, rest }) => { if (more?.open) put(rest, chosen.slice(most)); };

  const select = () => {
    const { answers, predicted, sort } = form.elements;
    const truth = form.elements.true.value;
    let shown = 0;
    for (const part of groups) {
      const { group, kind, cards, first, more } = part;
      part.chosen = cards.filter((c) => (!answers.value || answers.value === kind)
        && (!truth || c.truth === truth) && (!predicted.value || c.predicted === predicted.value));
      part.chosen.sort(orders[sort.value]);
      const found = part.chosen.length;
      shown += found;
      group.hidden = cards.length ? !found : Boolean(answers.value && answers.value !== kind);
      if (cards.length) put(first, part.chosen.slice(0, most));
      if (!more) continue;
      more.hidden = found <= most;
      more.querySelector("summary").textContent = `${number(found - most)} more`;
      fill(part);
    }
    count.textContent = shown === all.length ? `All ${number(shown)} images shown` : `${number(shown)} of ${number(all.length)} images shown`;
    empty.hidden = shown > 0;
  };

  let hidden = "";
  const chooseMethods = () => {
    const off = boxes.map((box) => !box.checked);
    if (String(off) === hidden) return;
    hidden = String(off);
    for (const { element } of all) {
      for (const shot of element.querySelectorAll("[data-method]")) shot.hidden = off[shot.dataset.method];
    }
    const on = off.filter((o) => !o).length;
    page.find("method-count").textContent = on === boxes.length ? `all ${on}` : `${on} of ${boxes.length}`;
  };

  // Maps that stand alone get their image beneath them only when they are to be laid over it.
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
    const { over, strength, unsigned, signed } = form.elements;
    if (over.value === "all") underlay();
    section.dataset.over = over.value;
    for (const control of [unsigned, signed]) {
      for (const part of coloured) part.dataset[control.name] = control.value;
    }
    section.style.setProperty("--strength", strength.value / 100);
    page.find("strength-note").textContent = `${strength.value} %`;
  };

  const values = () => {
    const chosen = new URLSearchParams();
    Choices.read(form, chosen);
    return chosen;
  };
  const apply = () => { select(); chooseMethods(); draw(); form.querySelector("[data-do=reset]").hidden = !values().size; };
  const changed = () => { apply(); Fragment.write(page, "examples", values()); };
  const clear = () => {
    for (const name of ["answers", "true", "predicted"]) form.elements[name].value = "";
  };

  // Cards get their true height only near the screen, so where one lies is known after a look.
  const reach = (element) => {
    const go = () => element.scrollIntoView({ behavior: "instant" });
    go();
    requestAnimationFrame(() => requestAnimationFrame(go));
  };

  // An address that names an image shows that image, whatever was filtered before.
  const follow = () => {
    const { place, values: wanted } = Fragment.read(page);
    const card = place.startsWith("image-") && all.find((c) => c.element.id === page.before + place);
    if (!card && !places.includes(place)) return;
    if (wanted.size) {
      Choices.restore(form, wanted);
      const methods = wanted.getAll("method");
      for (const box of boxes) box.checked = !methods.length || methods.includes(box.value);
    }
    apply();
    const shows = (part) => part.chosen.includes(card);
    if (card && !groups.some(shows)) { clear(); apply(); }
    const part = groups.find(shows);
    if (part?.chosen.indexOf(card) >= most) {
      part.more.open = true;
      fill(part);
    }
    if (card || wanted.size) reach(card ? card.element : page.find(place));
  };

  form.hidden = false;
  form.addEventListener("change", changed);
  form.addEventListener("input", ({ target }) => { if (target.type === "range") changed(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", ({ target }) => {
    const { methods, do: wish } = target.dataset;
    if (wish === "reset") form.reset();
    else if (methods) for (const box of boxes) box.checked = methods === "all";
    else return;
    changed();
  });
  empty.querySelector("button").addEventListener("click", () => {
    clear();
    changed();
    form.elements.answers.focus();
  });
  for (const part of groups) part.more?.addEventListener("toggle", () => fill(part));
  addEventListener("hashchange", follow);
  follow();
}));
