// A page is a document, or one of several in a single file, where every id is prefixed with the
// page's name: `page:id`.
const Page = {
  // Call setup(element, page) for every element with this id.
  each(id, setup) {
    for (const element of document.querySelectorAll(`[id="${id}"], [id$=":${id}"]`)) {
      const prefix = element.id.slice(0, -id.length);
      setup(element, { prefix, find: (name) => document.getElementById(prefix + name) });
    }
  },
  // The address of a place on a page.
  place: (page, place) => `${page}${page.startsWith("#") ? ":" : "#"}${place}`,
  // An element with these properties and children.
  make(name, properties, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  },
  // Tell a screen reader something that happened.
  say(text) {
    let status = document.querySelector(".announced");
    if (!status) {
      status = Page.make("p", { className: "announced visually-hidden", role: "status" });
      document.body.append(status);
    }
    status.textContent = text;
  },
  // Save what the page made as a file, named by the page and by what it is.
  save(name, ending, blob) {
    const words = `${document.title} ${name}`.toLowerCase();
    const file = words.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 90).replace(/^-+|-+$/g, "");
    const address = URL.createObjectURL(blob);
    const link = Page.make("a", { href: address, download: `${file}.${ending}` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  },
  // An element of SVG with these attributes and children.
  svg(name, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  },
};

// The reader's choices are in the address' fragment, as `place?name=value&…`, so that it can be
// copied, saved and opened again, from a file too. `place` is an id of the page, as in any link.
const Fragment = {
  read({ prefix }) {
    const [named, ...rest] = location.hash.slice(1).split("?");
    const own = named.startsWith(prefix);
    return { place: own ? named.slice(prefix.length) : "", values: new URLSearchParams(own ? rest.join("?") : "") };
  },
  write({ prefix }, place, values) {
    const query = values.toString();
    Fragment.put(`#${prefix}${place}${query && "?"}${query}`);
  },
  put(hash) {
    // Browsers refuse too many changes in a short time, as when a key is held down.
    try { history.replaceState(null, "", hash || "#"); } catch { /* the next change writes it */ }
  },
};

// Controls of a form as name → value: those that differ from their defaults, and the checked boxes
// unless all are checked.
const Choices = {
  defaultOf(control) {
    if (control.type === "range") return control.defaultValue;
    return ([...control.options].find((o) => o.defaultSelected) ?? control.options[0])?.value ?? "";
  },
  of(form) {
    return [...form.elements].filter((c) => c.name && (c.type === "range" || c.tagName === "SELECT"));
  },
  read(form) {
    const values = new URLSearchParams();
    for (const control of Choices.of(form)) {
      if (control.value !== Choices.defaultOf(control)) values.set(control.name, control.value);
    }
    const boxes = [...form.elements].filter((c) => c.type === "checkbox");
    if (boxes.every((box) => box.checked)) return values;
    const on = boxes.filter((box) => box.checked);
    for (const value of on.length ? on.map((box) => box.value) : [""]) values.append(boxes[0].name, value);
    return values;
  },
  // Unknown values are ignored: an address may be older than the page.
  restore(form, values) {
    for (const control of Choices.of(form)) {
      const wanted = values.get(control.name) ?? Choices.defaultOf(control);
      control.value = wanted;
      if (control.value !== wanted) control.value = Choices.defaultOf(control);
    }
  },
  // How maps are drawn in a part of the page; their colours, in further parts too.
  paint(form, page, section, coloured = []) {
    const { over, opacity, unsigned, signed } = form.elements;
    section.dataset.over = over.value;
    for (const control of [unsigned, signed]) {
      for (const part of [section, ...coloured]) part.dataset[control.name] = control.value;
    }
    section.style.setProperty("--opacity", opacity.value / 100);
    page.find("opacity-note").textContent = `${opacity.value} %`;
  },
};
