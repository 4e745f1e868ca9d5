// Pixels as the pipeline makes them: Pillow's conversion to grey, laying on a ground and resizing,
// value for value, and the percentiles of NumPy. A picture is { width, height, channels, data }.
// `Pixels`, `Ink` and `Photo` are classes because their source is given to a worker (`engine.js`).
class Pixels {
  // Python's round() and NumPy's rint(): halves go to the even neighbour.
  static rounded(value) {
    const floor = Math.floor(value);
    const rest = value - floor;
    if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
    return floor % 2 ? floor + 1 : floor;
  }
  // ImageData of RGBA as "gray" or "rgb", where it is transparent laid on grey of `ground`.
  static plain({ width, height, data }, colour, ground = 0) {
    const grey = colour === "gray";
    const channels = grey ? 1 : 3;
    const plain = new Uint8Array(width * height * channels);
    for (let i = 0, from = 0, to = 0; i < width * height; i += 1, from += 4) {
      const alpha = data[from + 3];
      let [r, g, b] = [data[from], data[from + 1], data[from + 2]];
      if (alpha < 255) [r, g, b] = [r, g, b].map((value) => Pixels.laid(value, alpha, ground));
      if (grey) {
        plain[to++] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
      } else {
        plain[to++] = r;
        plain[to++] = g;
        plain[to++] = b;
      }
    }
    return { width, height, channels, data: plain };
  }
  // Pillow's alpha_composite of one channel on an opaque ground, in its integers.
  static laid(value, alpha, ground) {
    if (!alpha) return ground;
    const sum = value * alpha * 128 + ground * (255 * 128 - alpha * 128) + (0x80 << 7);
    return (((sum >> 8) + sum) >> 8) >> 7;
  }
  static cropped({ width, data }, left, top, right, bottom) {
    const [columns, rows] = [right - left, bottom - top];
    const kept = new Uint8ClampedArray(4 * columns * rows);
    for (let row = 0; row < rows; row += 1) {
      const start = 4 * ((top + row) * width + left);
      kept.set(data.subarray(start, start + 4 * columns), 4 * columns * row);
    }
    return { width: columns, height: rows, data: kept };
  }
  // A bilinear filter that widens when it shrinks: for each place of the result the first place
  // that counts and the weights from there on.
  static weights(from, to) {
    const scale = from / to;
    const support = Math.max(scale, 1);
    return Array.from({ length: to }, (_, place) => {
      const centre = (place + 0.5) * scale;
      const first = Math.max(0, Math.trunc(centre - support + 0.5));
      const end = Math.min(from, Math.trunc(centre + support + 0.5));
      const raw = [];
      for (let x = first; x < end; x += 1) raw.push(Math.max(0, 1 - Math.abs((x - centre + 0.5) / support)));
      const sum = raw.reduce((a, b) => a + b, 0);
      return { first, weights: raw.map((weight) => weight / sum) };
    });
  }
  // Resize 8-bit pixels with weights of 22 bits, or floats of 32 bits with weights of 64. Which side
  // Pillow resizes first where both shrink unequally is its own affair, and moves a few pixels by
  // one level of 255 at most.
  static resized(picture, width, height) {
    const real = picture.data instanceof Float32Array;
    const value = real ? (sum) => sum : (sum) => Math.min(255, Math.max(0, (sum + (1 << 21)) >> 22));
    const along = (current, across) => {
      const [from, to] = across ? [picture.width, width] : [picture.height, height];
      if (from === to) return current;
      const sides = Pixels.weights(from, to);
      const taken = real ? sides : sides.map(({ first, weights }) => (
        { first, weights: weights.map((weight) => Math.trunc(0.5 + weight * (1 << 22))) }));
      return Pixels.pass(current, taken, value, across);
    };
    const downFirst = width > picture.width && height < picture.height;
    return along(along(picture, !downFirst), downFirst);
  }
  static pass({ width, height, channels, data }, sides, value, across) {
    const [columns, rows] = across ? [sides.length, height] : [width, sides.length];
    const result = new data.constructor(columns * rows * channels);
    const step = across ? channels : channels * width;
    for (let row = 0, to = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const { first, weights } = sides[across ? column : row];
        const start = across ? row * width + first : first * width + column;
        for (let channel = 0; channel < channels; channel += 1, to += 1) {
          let sum = 0;
          let at = start * channels + channel;
          for (let i = 0; i < weights.length; i += 1, at += step) sum += data[at] * weights[i];
          result[to] = value(sum);
        }
      }
    }
    return { width: columns, height: rows, channels, data: result };
  }
  // ImageData of any size as pixels of one size and kind.
  static fitted(image, width, height, colour, ground = 0) {
    return Pixels.resized(Pixels.plain(image, colour, ground), width, height);
  }
  // The outermost pixels of one channel.
  static border({ width, height, channels, data }, channel = 0) {
    const found = [];
    for (let row = 0; row < height; row += 1) {
      const edge = row === 0 || row === height - 1;
      for (let column = 0; column < width; column += edge ? 1 : Math.max(1, width - 1)) {
        found.push(data[(row * width + column) * channels + channel]);
      }
    }
    return found;
  }
  static percentile(values, percent) {
    const copy = new Float64Array(values);
    const place = (percent / 100) * (copy.length - 1);
    const low = Math.floor(place);
    const [a, b] = [low, Math.min(low + 1, copy.length - 1)].map((at) => Pixels.ranked(copy, at));
    const share = place - low;
    return share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
  }
  static median(values) {
    const copy = new Float64Array(values);
    const half = copy.length >> 1;
    const upper = Pixels.ranked(copy, half);
    return copy.length % 2 ? upper : (Pixels.ranked(copy, half - 1) + upper) / 2;
  }
  // The value at a place, were all sorted: Hoare's selection, which reorders them. To sort the
  // pixels of a drawing at every move of the pen would take longer than the network.
  static ranked(values, place) {
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const pivot = values[(low + high) >> 1];
      let [i, j] = [low, high];
      while (i <= j) {
        while (values[i] < pivot) i += 1;
        while (values[j] > pivot) j -= 1;
        if (i > j) break;
        const swapped = values[i];
        values[i] = values[j];
        values[j] = swapped;
        i += 1;
        j -= 1;
      }
      if (place <= j) high = j;
      else if (place >= i) low = i;
      else break;
    }
    return values[place];
  }
  static mean(values) {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }
  // Stretch brightness so that the border's usual value becomes black and the brightest white.
  static levelled(picture) {
    const values = [];
    for (let channel = 0; channel < picture.channels; channel += 1) values.push(...Pixels.border(picture, channel));
    const low = Pixels.median(values);
    const range = Math.max(Pixels.percentile(picture.data, 99) - low, 1);
    const data = picture.data.map((value) => Pixels.rounded(255 * Math.min(1, Math.max(0, (value - low) / range))));
    return { ...picture, data };
  }
}
