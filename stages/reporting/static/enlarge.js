// A large view of an image with one map over it, in a dialog of the browser's own.
addEventListener("DOMContentLoaded", () => Page.each("enlarged", (dialog, page) => {
  if (!dialog.showModal) return;
  const section = dialog.closest("section");
  const part = (name) => dialog.querySelector(`.enlarged-${name}`);
  const method = dialog.querySelector("select");
  const strength = dialog.querySelector("[type=range]");
  const compare = part("compare").getAttribute("href");
  const radios = `${page.before}enlarged-target`;
  let card = null;
  let target = 0;

  const cards = () => [...section.querySelectorAll(".card[data-index]")];
  const pictures = (box) => [...box.querySelectorAll(".pic")].filter((p) => p.checkVisibility());
  const plain = (element) => {
    const copy = element.cloneNode(true);
    for (const attribute of ["role", "tabindex"]) copy.removeAttribute?.(attribute);
    return copy;
  };

  const show = () => {
    const targets = [...card.querySelectorAll(".target")];
    target = Math.min(target, targets.length - 1);
    page.find("enlarged-title").replaceChildren(
      ...[...card.querySelector("figcaption").childNodes].map((n) => n.cloneNode(true)), `, image ${card.dataset.index}`);
    const shot = targets[target].querySelector(`[data-method="${method.value}"]`);
    const image = targets[target].querySelector(".original svg");
    const picture = document.createElement("span");
    picture.className = "pic";
    const levels = shot?.querySelector(".levels");
    const under = plain(image);
    under.classList.toggle("under", Boolean(levels));
    picture.append(...levels ? [under, levels.cloneNode(true)] : [image.cloneNode(true)]);
    if (levels) under.setAttribute("aria-hidden", "true");
    part("picture").replaceChildren(picture);
    part("said").replaceChildren(...shot ? [...shot.querySelector(".under-shot").childNodes].map((n) => n.cloneNode(true)) : []);
    for (const legend of dialog.querySelectorAll("[data-legend]")) legend.hidden = legend.dataset.legend !== method.value;
    strength.closest("label").hidden = !levels;
    const { dataset, cell } = dialog.dataset;
    const wish = new URLSearchParams({ dataset, a: cell, image: card.dataset.index });
    if (shot) wish.set("a-method", method.selectedOptions[0].dataset.name);
    part("compare").setAttribute("href", `${Page.place(compare, "compare")}?${wish}`);

    const choice = part("targets");
    choice.hidden = targets.length < 2;
    const held = choice.contains(document.activeElement);
    choice.replaceChildren(choice.querySelector("legend"), ...targets.map((t, number) => {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: radios, value: number, checked: number === target });
      const why = document.createElement("span");
      why.append(...[...t.querySelector(".why")?.childNodes ?? []].map((n) => n.cloneNode(true)));
      label.append(radio, why);
      return label;
    }));
    if (held) choice.querySelector(":checked").focus();
  };

  const open = (picture) => {
    const shot = picture.closest(".shot");
    card = picture.closest(".card");
    target = [...card.querySelectorAll(".target")].indexOf(picture.closest(".target"));
    method.value = shot.dataset.method ?? "-1";
    // Standing alone, a fine map is at full strength; the reader may let the image through.
    const coarse = shot.querySelector(".coarse, .under");
    strength.value = coarse ? 100 * (section.style.getPropertyValue("--strength") || 0.55) : 100;
    paint();
    if (!picture.hasAttribute("tabindex")) picture.tabIndex = -1;
    picture.focus({ preventScroll: true }); // so that the browser gives the focus back to it
    show();
    dialog.showModal();
  };
  const paint = () => dialog.style.setProperty("--enlarged-strength", strength.value / 100);
  const step = (by) => {
    const list = cards().filter((c) => c.checkVisibility() || c === card);
    card = list[(list.indexOf(card) + by + list.length) % list.length];
    target = 0;
    show();
  };
  const other = (by) => {
    method.selectedIndex = (method.selectedIndex + by + method.length) % method.length;
    show();
  };

  // One stop of the Tab key an image; the arrows go on to its maps.
  for (const picture of section.querySelectorAll(".target:first-of-type .original .pic")) {
    picture.tabIndex = 0;
    picture.setAttribute("role", "button");
  }
  section.addEventListener("click", ({ target: on }) => {
    const picture = on.closest(".card[data-index] .pic");
    if (picture && !dialog.contains(picture)) open(picture);
  });
  section.addEventListener("keydown", (event) => {
    const picture = event.target.closest?.(".card[data-index] .pic");
    if (!picture || dialog.open) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(picture);
    } else if (by) {
      event.preventDefault();
      const list = pictures(picture.closest(".card"));
      const next = list[list.indexOf(picture) + by];
      if (!next) return;
      next.setAttribute("role", "button");
      next.tabIndex = -1;
      next.focus();
    }
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("select, input")) return;
    const [turn, by] = { ArrowRight: [step, 1], ArrowLeft: [step, -1], ArrowDown: [other, 1], ArrowUp: [other, -1] }[event.key] ?? [];
    if (!turn) return;
    event.preventDefault();
    turn(by);
  });
  dialog.addEventListener("click", (event) => {
    const wish = event.target.dataset?.do;
    if (wish === "close" || event.target === dialog) dialog.close();
    else if (wish) step(wish === "next" ? 1 : -1);
  });
  strength.addEventListener("input", paint);
  dialog.addEventListener("change", ({ target: control }) => {
    if (control === strength) return;
    if (control.name === radios) target = Number(control.value);
    show();
  });
}));
