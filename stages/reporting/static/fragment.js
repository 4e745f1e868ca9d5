// What a reader has chosen lies in the address behind the #, as `place?name=value&…`, so that it can
// be copied, kept and opened again, from a file too. `place` is an id of the page, as in any link.
const Fragment = {
  read() {
    const [place, ...rest] = location.hash.slice(1).split("?");
    return { place, values: new URLSearchParams(rest.join("?")) };
  },
  write(place, values) {
    const query = values.toString();
    history.replaceState(null, "", `#${place}${query && "?"}${query}`);
  },
};

// Controls of a form as name → value, only those that differ from what the page was made with.
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
