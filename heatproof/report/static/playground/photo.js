// A picture of any size as a network sees it: what heatproof/datasets/photos.py and
// heatproof/trained_cell.py do, and how it differs from training images (likeness.py), in words.
class Photo {
  // What a network is given of a picture, and how that differs from training images: `view` with
  // `remarks`, none where it does not.
  static prepared(image, input, usual, choices) {
    const seen = Photo.view(image, input, usual, choices);
    return { ...seen, remarks: Photo.differences(seen.pixels, image, input, usual, seen.inverted) };
  }
  // image: ImageData. input: [height, width, channels]. usual: of the training images, from the
  // page's data. choices: fit ("" for what suits the dataset), invert, levels, asIs.
  // Gives { pixels: Uint8Array HWC, box, inverted, handling }.
  static view(image, input, { placement, fit: usualFit }, { fit = "", invert = false, levels = false, asIs = false } = {}) {
    if (placement && !(asIs || fit || invert || levels)) {
      const ink = Ink.find(image);
      if (ink && !Ink.isUsual(ink, input, placement)) {
        const view = Ink.placed(ink, input, placement);
        return { ...view, handling: Photo.placedAs(view, input, placement) };
      }
    }
    const chosen = fit || usualFit;
    const [height, width, channels] = input;
    const colour = channels === 3 ? "rgb" : "gray";
    const ground = invert ? 255 : 0;
    let box = [0, 0, 1, 1];
    let picture;
    if (chosen === "squash") {
      picture = Pixels.fitted(image, width, height, colour, ground);
    } else if (chosen === "pad") {
      picture = Photo.padded(image, width, height, colour, ground);
    } else {
      const [left, top, right, bottom] = Photo.middle(image.width, image.height, width / height);
      picture = Pixels.fitted(Pixels.cropped(image, left, top, right, bottom), width, height, colour, ground);
      box = [left / image.width, top / image.height, right / image.width, bottom / image.height];
    }
    if (invert) picture = { ...picture, data: picture.data.map((value) => 255 - value) };
    if (levels) picture = Pixels.levelled(picture);
    const handling = Photo.handledAs(image, input, box, chosen, { invert, levels });
    return { pixels: picture.data, box, inverted: invert, handling };
  }
  static padded(image, width, height, colour, ground) {
    const scale = Math.min(height / image.height, width / image.width);
    const rows = Math.min(height, Math.max(1, Pixels.rounded(scale * image.height)));
    const columns = Math.min(width, Math.max(1, Pixels.rounded(scale * image.width)));
    const inner = Pixels.fitted(image, columns, rows, colour, ground);
    const { channels } = inner;
    const fill = Array.from({ length: channels }, (_, channel) => Math.trunc(Pixels.median(Pixels.border(inner, channel))));
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => fill[i % channels]);
    const [top, left] = [(height - rows) >> 1, (width - columns) >> 1];
    for (let row = 0; row < rows; row += 1) {
      data.set(inner.data.subarray(row * columns * channels, (row + 1) * columns * channels), ((top + row) * width + left) * channels);
    }
    return { width, height, channels, data };
  }
  // The largest box of an aspect ratio in the middle: left, top, right, bottom.
  static middle(width, height, aspect) {
    const across = Math.min(width, Math.max(1, Pixels.rounded(height * aspect)));
    const down = Math.min(height, Math.max(1, Pixels.rounded(width / aspect)));
    const [left, top] = [(width - across) >> 1, (height - down) >> 1];
    return [left, top, left + across, top + down];
  }
  static placedAs({ inverted }, [rows, columns], { side, by_mass: byMass, bright }) {
    return `Its subject was found by its brightness, cut out, brought to ${Math.round(100 * side)} % of `
      + `${columns}×${rows} pixels, put in the middle by its ${byMass ? "centre of mass" : "box"}`
      + `${inverted ? ", inverted in brightness" : ""} and laid on a ${bright ? "black" : "white"} ground, as training images are.`;
  }
  static handledAs({ width, height }, [rows, columns], [left, top, right, bottom], fit, { invert, levels }) {
    const cut = 1 - (right - left) * (bottom - top);
    const done = [
      cut > 0.001 ? `its middle kept and ${Math.round(100 * cut)} % cut away` : "",
      cut <= 0.001 && width * rows !== height * columns
        ? { pad: "all of it kept and the rest filled with its border’s colour", squash: "squeezed into the network’s shape" }[fit] ?? "" : "",
      width === columns && height === rows ? "" : `brought to ${columns}×${rows}`,
      invert ? "brightness inverted" : "",
      levels ? "levels stretched until the ground is black" : "",
    ].filter(Boolean).join("; ");
    return `${width}×${height} pixels; ${done || "taken as they are"}.`;
  }
  // How a picture differs from training images: sentences, none where it does not.
  static differences(seen, image, [height, width, channels], usual, inverted) {
    const brightness = Array.from(seen, (value) => value / 255);
    if (brightness.every((value) => value === brightness[0])) return ["What the network sees is all of one colour: there is nothing to explain."];
    const remarks = [];
    if (channels === 1 && Photo.colour(Pixels.plain(image, "rgb")) > 0.03) {
      remarks.push("The picture is in colour; the network was trained on grey images and is given its brightness only.");
    }
    const ground = Pixels.median(Array.from({ length: channels }, (_, channel) => (
      Pixels.border({ width, height, channels, data: seen }, channel))).flat()) / 255;
    const dark = usual.ground === "dark";
    if (usual.ground !== "mixed" && (dark ? ground > 0.5 : ground < 0.5)) {
      remarks.push(`Its border is ${dark ? "bright" : "dark"}, while training images are ${dark ? "bright on a dark" : "dark on a light"} ground: `
        + `the network has never seen such an image. ${inverted ? "Do not invert" : "Invert"} its brightness.`);
      return remarks;
    }
    if (dark && ground > 0.1) {
      remarks.push("Its ground is grey, while that of training images is black: stretch its levels.");
      return remarks;
    }
    const mean = Pixels.mean(brightness);
    const contrast = Math.sqrt(Pixels.mean(brightness.map((value) => (value - mean) ** 2)));
    for (const [name, value, [low, high]] of [["brightness", mean, usual.brightness], ["contrast", contrast, usual.contrast]]) {
      if (value >= low && value <= high) continue;
      remarks.push(`Its ${name}, ${value.toFixed(2)}, is ${value < low ? "below" : "above"} that of nearly all training images (${low.toFixed(2)} to ${high.toFixed(2)}).`);
    }
    if (channels === 3 && Photo.colour({ channels, data: seen }) < usual.colour[0]) {
      remarks.push("It has less colour than nearly all training images.");
    }
    return remarks;
  }
  // The mean distance of a picture's channels, 0 (grey) to 1.
  static colour({ channels, data }) {
    let sum = 0;
    for (let i = 0; i < data.length; i += channels) {
      let [least, most] = [data[i], data[i]];
      for (let at = i + 1; at < i + channels; at += 1) {
        least = Math.min(least, data[at]);
        most = Math.max(most, data[at]);
      }
      sum += most - least;
    }
    return sum / (data.length / channels) / 255;
  }
}
