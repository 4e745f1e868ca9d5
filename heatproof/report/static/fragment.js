// A page is a document of its own, or one of several in a file of them all, where the page's name
// stands before every id: `page:id`.
const Page = {
  // Set up every element of an id: (element, its page).
  each(id, setup) {
    for (const element of document.querySelectorAll(`[id="${id}"], [id$=":${id}"]`)) {
      const before = element.id.slice(0, -id.length);
      setup(element, { before, find: (name) => document.getElementById(before + name) });
    }
  },
  // The address of a place on another page, whose own address is given.
  place: (page, place) => `${page}${page.startsWith("#") ? ":" : "#"}${place}`,
};

// What a reader has chosen lies in the address behind the #, as `place?name=value&…`, so that it can
// be copied, kept and opened again, from a file too. `place` is an id of the page, as in any link.
const Fragment = {
  read({ before }) {
    const [named, ...rest] = location.hash.slice(1).split("?");
    const own = named.startsWith(before);
    return { place: own ? named.slice(before.length) : "", values: new URLSearchParams(own ? rest.join("?") : "") };
  },
  write({ before }, place, values) {
    const query = values.toString();
    Fragment.put(`#${before}${place}${query && "?"}${query}`);
  },
  put(hash) {
    // Browsers refuse too many in a short time, as when a key is held down: the last one is late.
    try { history.replaceState(null, "", hash || "#"); } catch { /* written with the next choice */ }
  },
};

// Controls of a form as name → value, only those that differ from what the page was made with, and
// of boxes to tick those that are, unless all of them are.
const Choices = {
  standard(control) {
    if (control.type === "range") return control.defaultValue;
    return ([...control.options].find((o) => o.defaultSelected) ?? control.options[0])?.value ?? "";
  },
  of(form) {
    return [...form.elements].filter((c) => c.name && (c.type === "range" || c.tagName === "SELECT"));
  },
  read(form, values) {
    for (const control of Choices.of(form)) {
      if (control.value !== Choices.standard(control)) values.set(control.name, control.value);
    }
    const boxes = [...form.elements].filter((c) => c.type === "checkbox");
    if (boxes.every((box) => box.checked)) return;
    const on = boxes.filter((box) => box.checked);
    for (const value of on.length ? on.map((box) => box.value) : [""]) values.append(boxes[0].name, value);
  },
  // A value that is not offered is passed over: an address may be older than the page.
  restore(form, values) {
    for (const control of Choices.of(form)) {
      const wanted = values.get(control.name) ?? Choices.standard(control);
      control.value = wanted;
      if (control.value !== wanted) control.value = Choices.standard(control);
    }
  },
};
