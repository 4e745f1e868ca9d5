// A drawing: strokes of points from 0 to 255 on a square, each with its width (255: a quarter of the
// square) and its colour ("" for the ink that contrasts with the ground, else #rrggbb).
const Strokes = {
  MAX_BYTES: 6000, // of a drawing in a link
  draw(pen, side, strokes, ink) {
    pen.lineCap = "round";
    pen.lineJoin = "round";
    for (const { width, colour, points } of strokes) {
      pen.strokeStyle = colour || ink;
      pen.lineWidth = Math.max(1, width / 255 * side / 4);
      pen.beginPath();
      const [[x, y], ...rest] = points.map((point) => point.map((value) => value / 255 * side));
      pen.moveTo(x, y);
      for (const [toX, toY] of rest.length ? rest : [[x + 0.01, y]]) pen.lineTo(toX, toY);
      pen.stroke();
    }
  },
  // A drawing as text for a link; empty where it is too long for one.
  toText(strokes) {
    const bytes = strokes.flatMap(({ width, colour, points }) => [
      width, ...colour ? [1, ...colour.match(/[0-9a-f]{2}/g).map((hex) => parseInt(hex, 16))] : [0],
      points.length >> 8, points.length & 255, ...points.flat(),
    ]);
    if (bytes.length > Strokes.MAX_BYTES) return "";
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },
  // Throws an Error where the text is not a drawing: a link may come from anywhere.
  fromText(text) {
    if (text.length > Strokes.MAX_BYTES * 4 / 3 + 4) throw new Error("too long");
    const bytes = Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const strokes = [];
    let at = 0;
    const take = (count) => {
      if (at + count > bytes.length) throw new Error("cut off");
      at += count;
      return bytes.slice(at - count, at);
    };
    while (at < bytes.length) {
      const [width, coloured] = take(2);
      if (coloured > 1) throw new Error("no drawing");
      const colour = coloured ? `#${take(3).map((value) => value.toString(16).padStart(2, "0")).join("")}` : "";
      const [high, low] = take(2);
      if (!(high || low)) throw new Error("a stroke without points");
      const points = Array.from({ length: 256 * high + low }, () => take(2));
      strokes.push({ width, colour, points });
    }
    return strokes;
  },
};

// Mouse, touch, pen and keyboard on a canvas, as points from 0 to 1: start(point), move(points),
// end(). By keyboard arrows move a cursor, and space lets go of the pen or puts it down.
const Hand = {
  on(canvas, cursor, { start, move, end, undo = () => {} }) {
    let drawing = null; // the pointer's id, or "keys"
    const place = { x: 0.5, y: 0.5 };
    const clipped = (value) => Math.min(1, Math.max(0, value));
    const pointOf = (event) => {
      const box = canvas.getBoundingClientRect();
      return [clipped((event.clientX - box.left) / box.width), clipped((event.clientY - box.top) / box.height)];
    };
    const finish = () => {
      if (drawing === null) return;
      drawing = null;
      cursor.classList.remove("down");
      end();
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (drawing !== null || event.button > 0) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true });
      canvas.setPointerCapture(event.pointerId);
      drawing = event.pointerId;
      cursor.hidden = true;
      start(pointOf(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== drawing) return;
      const all = event.getCoalescedEvents?.() ?? [];
      move((all.length ? all : [event]).map(pointOf));
    });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => { if (event.pointerId === drawing) finish(); });
    }
    const show = () => {
      cursor.hidden = false;
      cursor.style.left = `${100 * place.x}%`;
      cursor.style.top = `${100 * place.y}%`;
    };
    const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      const { key } = event;
      if (key === "Backspace" || key === "Delete" || (key === "z" && (event.ctrlKey || event.metaKey))) {
        finish();
        undo();
      } else if (key in ARROWS && !event.ctrlKey && !event.metaKey && !event.altKey) {
        const step = event.shiftKey ? 1 / 64 : 1 / 16;
        [place.x, place.y] = [place.x + step * ARROWS[key][0], place.y + step * ARROWS[key][1]].map(clipped);
        show();
        if (drawing === "keys") move([[place.x, place.y]]);
      } else if (key === " " && !event.repeat) {
        show();
        if (drawing === "keys") {
          finish();
          Page.say("Pen up");
        } else if (drawing === null) {
          drawing = "keys";
          cursor.classList.add("down");
          start([place.x, place.y]);
          Page.say("Pen down");
        }
      } else if (key === "Escape") {
        finish();
        return;
      } else {
        return;
      }
      event.preventDefault();
    });
    canvas.addEventListener("blur", () => {
      if (drawing === "keys") finish();
      cursor.hidden = true;
    });
  },
};
