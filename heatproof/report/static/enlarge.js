// A large view of an image with one map over it, in a dialog. While it is open, its state is in the
// address with that of the gallery: `image-7?large=gradcam&…`.
addEventListener("DOMContentLoaded", () => Page.each("enlarged", (dialog, page) => {
  if (!dialog.showModal) return;
  const section = dialog.closest("section");
  const part = (name) => dialog.querySelector(`.enlarged-${name}`);
  const method = dialog.querySelector("select");
  const opacity = dialog.querySelector("[type=range]");
  const compare = part("compare").getAttribute("href");
  const play = part("play")?.getAttribute("href");
  const radios = `${page.prefix}enlarged-target`;
  let card = null;
  let target = 0;
  let before = ""; // the address before it was opened

  const cards = () => [...section.querySelectorAll(".card[data-index]")];
  const pictures = (box) => [...box.querySelectorAll(".pic")].filter((p) => p.checkVisibility());
  const copies = (element) => [...element?.childNodes ?? []].map((n) => n.cloneNode(true));
  const plain = (element) => {
    const copy = element.cloneNode(true);
    for (const attribute of ["role", "tabindex"]) copy.removeAttribute?.(attribute);
    return copy;
  };

  const show = () => {
    const targets = [...card.querySelectorAll(".target")];
    target = Math.min(target, targets.length - 1);
    page.find("enlarged-title").replaceChildren(
      ...copies(card.querySelector("figcaption")).filter((node) => !node.matches?.("a")), `, image ${card.dataset.index}`);
    const shot = targets[target].querySelector(`[data-method="${method.value}"]`);
    const image = targets[target].querySelector(".original svg");
    const levels = shot?.querySelector(".levels");
    const under = plain(image);
    under.classList.toggle("under", Boolean(levels));
    if (levels) under.setAttribute("aria-hidden", "true");
    const layers = levels ? [under, levels.cloneNode(true)] : [image.cloneNode(true)];
    const outline = targets[target].querySelector(".original .outline");
    if (outline) layers.push(outline.cloneNode(true));
    part("picture").replaceChildren(Page.make("span", { className: "pic" }, ...layers));
    part("caption").replaceChildren(...copies(shot?.querySelector(".under-shot")));
    // Without the method's name, which stands above.
    const legend = section.querySelectorAll(`[data-legend="${method.value}"] > :not(:first-child)`);
    part("legend").replaceChildren(...[...legend].map((each) => each.cloneNode(true)));
    opacity.closest("label").hidden = !levels;
    const { dataset, cell } = dialog.dataset;
    const query = new URLSearchParams({ dataset, a: cell, image: card.dataset.index });
    if (shot) query.set("a-method", method.selectedOptions[0].dataset.name);
    part("compare").setAttribute("href", `${Page.place(compare, "compare")}?${query}`);
    part("play")?.setAttribute("href", `${Page.place(play, "draw")}?${new URLSearchParams({ a: cell, test: card.dataset.index })}`);

    const choice = part("targets");
    choice.hidden = targets.length < 2;
    const held = choice.contains(document.activeElement);
    choice.replaceChildren(choice.querySelector("legend"), ...targets.map((t, number) => {
      const radio = Page.make("input", { type: "radio", name: radios, value: number, checked: number === target });
      return Page.make("label", {}, radio, Page.make("span", {}, ...copies(t.querySelector(".why"))));
    }));
    if (held) choice.querySelector(":checked").focus();
    write(targets[target], shot);
  };
  // A fine map is opaque at first.
  const defaultOpacity = (shot) => String(shot.querySelector(".coarse, .under")
    ? Math.round(100 * (section.style.getPropertyValue("--opacity") || 0.55)) : 100);
  const write = (chosen, shot) => {
    const values = Choices.read(page.find("gallery-controls"));
    values.set("large", method.selectedOptions[0].dataset.name ?? "image");
    if (target) values.set("for", chosen.dataset.role);
    if (shot && opacity.value !== defaultOpacity(shot)) values.set("mix", opacity.value);
    Fragment.write(page, `image-${card.dataset.index}`, values);
  };

  const open = (picture, mix) => {
    const shot = picture.closest(".shot");
    card = picture.closest(".card");
    target = [...card.querySelectorAll(".target")].indexOf(picture.closest(".target"));
    method.value = shot.dataset.method ?? "-1";
    opacity.value = mix ?? defaultOpacity(shot);
    paint();
    if (!picture.hasAttribute("tabindex")) picture.tabIndex = -1;
    picture.focus({ preventScroll: true }); // to which the browser returns the focus
    show();
    if (!dialog.open) dialog.showModal();
  };
  const begin = (picture) => {
    before = location.hash;
    open(picture);
  };
  const paint = () => dialog.style.setProperty("--enlarged-opacity", opacity.value / 100);
  // An address with a large view opens it; without one, it is closed.
  const follow = () => {
    const { place, values } = Fragment.read(page);
    const methodName = values.get("large");
    const wanted = methodName !== null && cards().find((c) => c.id === page.prefix + place);
    if (!wanted) {
      before = location.hash; // the reader went elsewhere
      dialog.close();
      return;
    }
    const targets = [...wanted.querySelectorAll(".target")];
    const chosen = targets.find((t) => t.dataset.role === values.get("for")) ?? targets[0];
    const number = [...method.options].find((o) => o.dataset.name === methodName)?.value;
    const shot = chosen.querySelector(`[data-method="${number}"]`) ?? chosen.querySelector(".original");
    const mix = values.get("mix");
    for (const name of ["large", "for", "mix"]) values.delete(name);
    before = `#${page.prefix}${place}${values.size ? "?" : ""}${values}`;
    open(shot.querySelector(".pic"), mix);
  };
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

  // One tab stop per image; the arrow keys go to its maps.
  for (const picture of section.querySelectorAll(".target:first-of-type .original .pic")) {
    picture.tabIndex = 0;
    picture.setAttribute("role", "button");
  }
  section.addEventListener("click", ({ target: on }) => {
    const picture = on.closest(".card[data-index] .pic");
    if (picture && !dialog.contains(picture)) begin(picture);
  });
  section.addEventListener("keydown", (event) => {
    const picture = event.target.closest?.(".card[data-index] .pic");
    if (!picture || dialog.open) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      begin(picture);
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
    const action = event.target.dataset?.do;
    if (action === "close" || event.target === dialog) dialog.close();
    else if (action) step(action === "next" ? 1 : -1);
  });
  opacity.addEventListener("input", paint);
  dialog.addEventListener("change", ({ target: control }) => {
    if (control.name === radios) target = Number(control.value);
    show();
  });
  dialog.addEventListener("close", () => Fragment.put(before));
  addEventListener("hashchange", follow);
  // After the other scripts, since the gallery must show the image, and a single file its page.
  setTimeout(follow);
}));
