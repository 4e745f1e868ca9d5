// The page of `heatproof app`. Requests are answered by a line of JSON for each event, as long as
// somebody listens: to cancel is to listen no more.
const Asked = {
  GONE: "The app does not answer. It has ended, or was started again: use the link that its terminal shows.",
  // Ask for something; call tell(event) for what comes, and return the last event.
  async for(address, values, { body, signal, tell }) {
    let answer;
    try {
      answer = await fetch(`${address}?${new URLSearchParams(values)}`, { method: "POST", body, signal });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Error(Asked.GONE);
    }
    if (!answer.ok) {
      const text = await answer.text();
      let told;
      try { told = JSON.parse(text).error; } catch { told = answer.status === 404 ? Asked.GONE : text; }
      throw new Error(told);
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      let part;
      try { part = await reader.read(); } catch (error) {
        throw error.name === "AbortError" ? error : new Error(Asked.GONE);
      }
      if (part.done) throw new Error(Asked.GONE);
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.event === "done") return event;
        if (event.event === "refused" || event.event === "failed") throw new Error(event.message);
        tell(event);
      }
    }
  },
};

// The content of a page on a picture as part of this one: what it names is named once.
const Result = {
  LEVELS: { H1: "h2", H2: "h3", H3: "h4" },
  content(page, number) {
    const [main] = page.match(/<main id="main">.*<\/main>/s); // without the styles, which are here already
    const own = new DOMParser().parseFromString(main, "text/html").getElementById("main");
    for (const shared of own.querySelectorAll("[data-shared], .on-page, .cell-head h1")) shared.remove();
    for (const link of own.querySelectorAll(".heading-link")) link.replaceWith(...link.childNodes);
    for (const heading of own.querySelectorAll("h3, h2, h1")) {
      const lower = Page.make(Result.LEVELS[heading.tagName], { className: heading.className, id: heading.id }, ...heading.childNodes);
      heading.replaceWith(lower);
    }
    // Two results have the same parts: none of them is a landmark.
    for (const part of own.querySelectorAll("section, aside")) {
      part.removeAttribute("aria-labelledby");
      if (part.tagName === "ASIDE") part.setAttribute("role", "note");
    }
    for (const named of own.querySelectorAll("[id]")) {
      if (named.id) named.id = `result-${number}-${named.id}`;
      else named.removeAttribute("id");
    }
    for (const use of own.querySelectorAll('[href^="#"]')) {
      use.setAttribute("href", `#result-${number}-${use.getAttribute("href").slice(1)}`);
    }
    return document.adoptNode(own).childNodes;
  },
};

addEventListener("DOMContentLoaded", () => Page.each("explain", (form, page) => {
  const { file, cell, other, fit } = form.elements;
  const target = form.elements.class;
  const kinds = JSON.parse(form.dataset.kinds);
  const [boxes, state, cost, note] = ["method-boxes", "state", "cost", "network-note"].map(page.find);
  const [progress, cancel, preview, beside] = ["progress", "cancel", "preview", "beside"].map(page.find);
  const submit = form.querySelector("[type=submit]");
  const described = new Map(); // network -> a promise of what the server says of it
  const maps = []; // {label, figure} of all results, the newest first
  let picture, network, work, number = 0, chosenByHand = false;

  const say = (text, wrong = false) => {
    state.classList.toggle("wrong", wrong);
    if (state.textContent !== text) state.textContent = text;
  };
  const told = ({ event, ...what }) => {
    if (event === "waiting") say(`Waiting: ${what.before === 1 ? "one request is" : `${what.before} requests are`} before this one.`);
    if (event === "starting") say("Starting …");
    if (event === "opening") say("Opening the network …");
    if (event === "predicted") say(`Predicted: ${what.name}, ${what.probability}.`);
    if (event === "method") say(`${what.label}, method ${what.number} of ${what.of}`);
  };

  // The picture
  const choose = (chosen) => {
    if (chosen.size > form.dataset.megabytes * 2 ** 20) {
      say(`${chosen.name}: the file is larger than ${form.dataset.megabytes} MiB; save the picture smaller.`, true);
      return;
    }
    picture = chosen;
    if (file.files[0] !== chosen) file.value = "";
    URL.revokeObjectURL(preview.firstChild?.src);
    const image = Page.make("img", { alt: `The chosen picture ${chosen.name}`, src: URL.createObjectURL(chosen) });
    const caption = Page.make("figcaption", {}, chosen.name);
    image.addEventListener("error", () => {
      image.hidden = true;
      caption.textContent = `${chosen.name} (this browser does not show it)`;
    });
    preview.replaceChildren(image, caption);
    preview.hidden = false;
    say(`Picture chosen: ${chosen.name}`);
  };
  file.addEventListener("change", () => { if (file.files[0]) choose(file.files[0]); });
  addEventListener("paste", (event) => {
    const [pasted] = event.clipboardData.files;
    if (!pasted) return;
    event.preventDefault();
    choose(pasted);
  });
  const drop = page.find("drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // anywhere, or the browser would show the picture in place of the page
      drop.classList.toggle("over", kind === "dragover");
      const [dropped] = event.dataTransfer.files;
      if (kind === "drop" && dropped) choose(dropped);
    });
  }

  // The network and its methods
  const describe = (name) => {
    if (!described.has(name)) {
      const asked = Asked.for("describe", { cell: name }, { tell: told }).then((last) => JSON.parse(last.content));
      asked.catch(() => described.delete(name));
      described.set(name, asked);
    }
    return described.get(name);
  };
  const checked = () => [...boxes.querySelectorAll("input:checked")].map((box) => box.value);
  // Those that the verdict says to use; without any, the quick ones, or else the quickest.
  const usual = () => {
    const believable = network.methods.filter((m) => m.level !== "do not use");
    const [quickest] = [...believable].sort((a, b) => a.passes - b.passes);
    const choices = [network.methods.filter((m) => m.level === "use"), believable.filter((m) => !m.slow), [quickest]];
    return choices.find((some) => some.length);
  };
  const duration = (seconds) => (seconds < 1 ? "under 1 s" : seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);
  const passes = (method) => `${method.passes.toLocaleString("en")} passes`;
  const box = (method, on) => {
    const parts = [Page.make("input", { type: "checkbox", value: method.name, checked: on }), Page.make("span", { title: `Shows ${method.shows}.` }, method.label)];
    if (method.level) parts.push(Page.make("span", { className: `advice ${kinds[method.level][0]}`, title: method.reason }, method.level));
    const time = method.seconds === null ? (method.slow ? passes(method) : "") : duration(method.seconds);
    if (method.slow && time) parts.push(Page.make("span", { className: "quiet" }, time));
    return Page.make("label", { className: "method-line" }, ...parts);
  };
  const showCost = () => {
    const chosen = network.methods.filter((m) => checked().includes(m.name));
    const known = chosen.filter((m) => m.seconds !== null).reduce((sum, m) => sum + m.seconds, 0);
    const unknown = chosen.filter((m) => m.seconds === null && m.slow);
    const times = other.value && other.value !== cell.value ? ", for one network" : "";
    const parts = [chosen.length === 1 ? "1 method" : `${chosen.length} methods`];
    if (chosen.some((m) => m.seconds !== null)) parts.push(`${known < 1 ? "" : "about "}${duration(known)} per picture where the study was run${times}`);
    if (unknown.length) parts.push(`${unknown.map((m) => `${m.label} (${passes(m)} through the network)`).join(", ")}: not measured, may take minutes with a large network`);
    cost.textContent = `${parts.join("; ")}.`;
  };
  const showNetwork = () => {
    const before = target.value && target.selectedOptions[0].text;
    target.replaceChildren(new Option("the most probable", ""), ...network.classes.map((name, index) => new Option(name, index)));
    if (before && network.classes.includes(before)) target.value = network.classes.indexOf(before);
    const on = checked(), recommended = usual();
    const families = new Map();
    for (const method of network.methods) {
      const ticked = chosenByHand ? on.includes(method.name) : recommended.includes(method);
      families.set(method.family, [...families.get(method.family) ?? [], box(method, ticked)]);
    }
    boxes.replaceChildren(...[...families].flatMap(([family, lines]) => [
      Page.make("p", { className: "method-family" }, family), Page.make("div", { className: "method-boxes" }, ...lines),
    ]));
    const remarks = network.remarks.length ? ` ${network.remarks.join(" ")}` : "";
    note.textContent = `Takes ${network.size} pixels, knows ${network.classes.length} classes${network.accuracy ? `, accuracy ${network.accuracy} on its test images` : ""}.${remarks}`;
    showCost();
  };
  const turnTo = async () => {
    const name = cell.value;
    submit.disabled = true;
    try {
      const found = await describe(name);
      if (name !== cell.value) return; // another was chosen meanwhile
      network = found;
      showNetwork();
      submit.disabled = false;
      say(picture ? "" : "Choose a picture.");
    } catch (error) {
      if (name === cell.value) say(error.message, true);
    }
  };
  cell.addEventListener("change", turnTo);
  other.addEventListener("change", showCost);
  boxes.addEventListener("change", () => { chosenByHand = true; showCost(); });
  page.find("methods-field").addEventListener("click", ({ target: { dataset } }) => {
    if (!dataset.choose || !network) return;
    chosenByHand = dataset.choose !== "usual";
    const recommended = usual();
    for (const method of network.methods) {
      const on = dataset.choose === "all" || (dataset.choose === "usual" && recommended.includes(method));
      boxes.querySelector(`[value="${method.name}"]`).checked = on;
    }
    showCost();
  });

  // Two maps beside each other, of one result or of two
  const sides = [...beside.querySelectorAll("select")];
  const showSide = (select) => {
    const map = maps[select.value];
    select.parentElement.nextElementSibling.replaceChildren(...map ? [map.figure.cloneNode(true)] : []);
  };
  const offerMaps = (chosen = []) => {
    const before = sides.map((select) => maps[select.value]);
    beside.hidden = maps.length < 2;
    sides.forEach((select, side) => {
      const wanted = chosen[side] ?? before[side];
      select.replaceChildren(...maps.map((map, index) => new Option(map.label, index)));
      select.value = Math.max(maps.indexOf(wanted), 0);
      showSide(select);
    });
  };
  for (const select of sides) select.addEventListener("change", () => showSide(select));

  // Results
  const show = (given, answers) => {
    const together = Page.make("div", { className: answers.length > 1 ? "together two" : "together" });
    const added = answers.map(({ name, text, last }) => {
      number += 1;
      const id = `result-${number}`;
      const address = URL.createObjectURL(new Blob([last.content], { type: "text/html" }));
      const save = Page.make("a", { href: address, download: last.file }, "Save this page");
      const remove = Page.make("button", { type: "button" }, "Remove");
      const title = Page.make("h2", { id, tabIndex: -1 }, `${given} by ${text}`);
      const result = Page.make("article", { className: "result" }, title, Page.make("p", { className: "tools" }, save, remove), ...Result.content(last.content, number));
      result.setAttribute("aria-labelledby", id);
      const own = [...result.querySelectorAll("figure.map")].map((figure) => ({
        name, figure, label: `${figure.querySelector("figcaption").firstChild.textContent.trim()}, ${text}, ${given}`,
      }));
      remove.setAttribute("aria-label", `Remove ${title.textContent}`);
      save.setAttribute("aria-label", `Save this page: ${title.textContent}`);
      remove.addEventListener("click", () => {
        URL.revokeObjectURL(address);
        const kept = maps.filter((map) => !own.includes(map));
        const before = sides.map((select) => maps[select.value]);
        maps.splice(0, maps.length, ...kept);
        result.remove();
        offerMaps(before.map((map, side) => (kept.includes(map) ? map : kept[side])));
        say("Removed.");
        submit.focus();
      });
      together.append(result);
      return own;
    });
    maps.unshift(...added.flat());
    page.find("results").prepend(together);
    const first = added[0][0];
    const same = added[1]?.find((map) => map.figure.querySelector("figcaption").textContent === first?.figure.querySelector("figcaption").textContent);
    offerMaps([first, same ?? added[1]?.[0] ?? added[0][1]]);
    beside.open ||= answers.length > 1;
    return together.querySelector("h2");
  };

  // Explaining
  const valuesFor = async (name, text) => {
    const own = await describe(name);
    const methods = own.methods.map((m) => m.name).filter((m) => checked().includes(m));
    if (!methods.length && checked().length) throw new Error(`${text} has none of the chosen methods; choose others, or no other network.`);
    const values = { cell: name, methods: methods.join(",") };
    const wanted = target.value === "" ? -1 : own.classes.indexOf(target.selectedOptions[0].text);
    if (wanted >= 0) values.class = name === cell.value ? target.value : wanted;
    if (fit.value) values.fit = fit.value;
    for (const flag of ["invert", "levels", "as_is"]) if (form.elements[flag].checked) values[flag] = 1;
    return values;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (work || submit.disabled) return;
    if (!picture) { say("Choose a picture first.", true); file.focus(); return; }
    const names = [...new Set([cell, other].filter((select) => select.value).map((select) => select.value))];
    const texts = Object.fromEntries([...cell.options].map((option) => [option.value, option.text]));
    const bar = progress.firstElementChild;
    work = new AbortController();
    submit.disabled = true;
    cancel.hidden = progress.hidden = false;
    bar.value = 0;
    const given = picture, answers = []; // another may be chosen meanwhile
    let failure;
    try {
      const wanted = []; // of all networks, before anything is computed
      for (const name of names) wanted.push(await valuesFor(name, texts[name]));
      for (const [place, name] of names.entries()) {
        const last = await Asked.for("explain", { ...wanted[place], name: given.name }, {
          body: given, signal: work.signal, tell: (what) => {
            told(what);
            if (what.event === "method") bar.value = (place + (what.number - 1 + what.share) / what.of) / names.length;
          },
        });
        answers.push({ name, text: texts[name], last });
      }
    } catch (error) {
      failure = error;
    }
    const before = document.activeElement;
    work = undefined;
    submit.disabled = false;
    cancel.hidden = progress.hidden = true;
    const title = answers.length ? show(given.name, answers) : undefined;
    if (!failure) {
      say("Done: the result is below.");
      if (before === cancel || before === document.body) title.focus({ preventScroll: false });
      return;
    }
    const done = answers.length ? ` The result by ${answers[0].text} is below.` : "";
    say(`${failure.name === "AbortError" ? "Cancelled." : failure.message}${done}`, failure.name !== "AbortError");
    if (before === cancel) submit.focus();
  });
  cancel.addEventListener("click", () => work?.abort());

  form.hidden = false;
  turnTo();
}));
