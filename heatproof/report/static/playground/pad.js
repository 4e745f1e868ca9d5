// The pad: a drawing over an optional picture, with undo. Tells of every change what is on it.
const Pad = {
  SIDE: 224, // pixels of the drawing that networks are given, on every screen
  MOST_SHOWN: 1200, // pixels of the one that is shown, as fine as the screen is
  LARGEST: 24e6, // pixels of a picture that is opened
  // setup(page, changed): changed(source, finished), source as of `Pad.source`.
  make(page, changed) {
    const canvas = page.find("pad");
    const tools = page.find("pad-tools").elements;
    const undoButton = page.find("pad-undo");
    // dark: whether the ground is. picture: { image: ImageData, bitmap, name, test } or null; a test
    // image that the page put there itself, `offered`, goes with the first stroke.
    const state = { dark: true, picture: null, strokes: [], history: [] };

    const shown = Pad.surface(canvas, state);
    const given = Pad.surface(new OffscreenCanvas(Pad.SIDE, Pad.SIDE), state, { willReadFrequently: true });
    const draw = () => [shown, given].forEach((surface) => surface.draw());
    const tell = (finished) => {
      draw();
      undoButton.disabled = !state.history.length;
      page.find("pad-empty").hidden = Boolean(state.picture || state.strokes.length);
      changed(finished);
    };
    const keep = () => {
      state.history.push({ picture: state.picture, strokes: state.strokes });
      if (state.history.length > 200) state.history.shift();
    };
    const undo = () => {
      const before = state.history.pop();
      if (!before) return;
      Object.assign(state, before);
      tell(true);
      Page.say("Undone");
    };

    const byte = ([x, y]) => [Math.round(255 * x), Math.round(255 * y)];
    Hand.on(canvas, page.find("pad-cursor"), {
      start(point) {
        keep();
        if (state.picture?.offered) state.picture = null;
        const colour = tools.colour.closest("label").hidden ? "" : tools.colour.value;
        state.strokes = [...state.strokes, { width: Number(tools.width.value), colour, points: [byte(point)] }];
        tell(false);
      },
      move(points) {
        const stroke = state.strokes.at(-1);
        for (const point of points.map(byte)) {
          const last = stroke.points.at(-1);
          if (stroke.points.length < 65535 && Math.hypot(point[0] - last[0], point[1] - last[1]) >= 2) stroke.points.push(point);
        }
        for (const surface of [shown, given]) surface.grow();
        changed(false);
      },
      end: () => tell(true),
      undo,
    });
    undoButton.addEventListener("click", undo);
    page.find("pad-clear").addEventListener("click", () => {
      keep();
      Object.assign(state, { picture: null, strokes: [] });
      tell(true);
      Page.say("The pad is empty");
    });

    const pad = {
      state,
      // What is on the pad: null if nothing, a test image itself if nothing is drawn over it, else
      // ImageData: of the picture in its own size, or of the drawing, which is read when a network
      // asks for it: of the pictures between two that it takes none is.
      source() {
        const { picture, strokes } = state;
        if (!picture && !strokes.length) return null;
        if (!strokes.length) return { image: picture.image, test: picture.test };
        let image;
        return { get image() { return image ??= given.pen.getImageData(0, 0, Pad.SIDE, Pad.SIDE); } };
      },
      setGround(dark) {
        if (state.dark === dark) return;
        state.dark = dark;
        tell(true);
      },
      place(picture, strokes = []) {
        if (state.picture || state.strokes.length) keep();
        Object.assign(state, { picture, strokes });
        tell(true);
      },
    };
    Pad.openFiles(page, canvas, pad);
    new ResizeObserver(() => {
      const side = Math.round(Math.min(Pad.MOST_SHOWN, devicePixelRatio * canvas.clientWidth));
      if (side) shown.resize(side);
    }).observe(canvas);
    draw();
    return pad;
  },
  // The pad's state, drawn on a canvas of any size. All but the last line is kept beside it: while a
  // line grows, only that is drawn.
  surface(canvas, state, options) {
    const [pen, under] = [canvas, new OffscreenCanvas(canvas.width, canvas.height)].map((each) => each.getContext("2d", options));
    const ink = () => (state.dark ? "#fff" : "#000");
    const surface = {
      pen,
      draw() {
        const side = canvas.width;
        under.fillStyle = state.dark ? "#000" : "#fff";
        under.fillRect(0, 0, side, side);
        if (state.picture) {
          const { bitmap } = state.picture;
          const scale = Math.min(side / bitmap.width, side / bitmap.height);
          const [width, height] = [bitmap.width * scale, bitmap.height * scale];
          under.imageSmoothingEnabled = scale < 1;
          under.imageSmoothingQuality = "high";
          under.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
        }
        Strokes.draw(under, side, state.strokes.slice(0, -1), ink());
        surface.grow();
      },
      grow() {
        pen.drawImage(under.canvas, 0, 0);
        Strokes.draw(pen, canvas.width, state.strokes.slice(-1), ink());
      },
      resize(side) {
        for (const each of [canvas, under.canvas]) [each.width, each.height] = [side, side];
        surface.draw();
      },
    };
    return surface;
  },
  // Pictures that are chosen, dropped or pasted.
  openFiles(page, canvas, pad) {
    const note = page.find("pad-note");
    const open = async (file) => {
      note.hidden = true;
      try {
        const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
        if (bitmap.width * bitmap.height > Pad.LARGEST) throw new RangeError(`it has ${bitmap.width}×${bitmap.height} pixels; make it smaller`);
        pad.place({ image: Pad.pixelsOf(bitmap), bitmap, name: file.name });
        Page.say("The picture is on the pad");
      } catch (error) {
        const reason = error instanceof RangeError ? error.message : "this browser cannot read it as a picture; choose a PNG, JPEG or WebP file";
        note.textContent = `${file.name || "The picture"}: ${reason}.`;
        note.hidden = false;
      }
    };
    const input = page.find("pad-file");
    page.find("pad-choose").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files[0]) open(input.files[0]);
      input.value = "";
    });
    const frame = canvas.parentElement;
    const over = (event) => {
      event.preventDefault();
      frame.classList.toggle("over", event.type === "dragover");
    };
    for (const name of ["dragover", "dragleave", "drop"]) frame.addEventListener(name, over);
    frame.addEventListener("drop", (event) => { if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]); });
    addEventListener("paste", (event) => {
      const file = [...event.clipboardData?.files ?? []].find(({ type }) => type.startsWith("image/"));
      if (file) open(file);
    });
  },
  pixelsOf(bitmap) {
    const sheet = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
    sheet.drawImage(bitmap, 0, 0);
    return sheet.getImageData(0, 0, bitmap.width, bitmap.height);
  },
};
