// Changes of an image, Float32Array HWC in [0, 1], and what becomes of the prediction over their
// range. What comes in from outside is the median of the image's own border, as around photos.
const Changes = {
  // name -> its range, a value at the axis, and a value in words.
  ALL: {
    noise: { min: 0, max: 0.5, tick: (value) => value.toFixed(1), text: (value) => `standard deviation ${value.toFixed(2)}` },
    shift: { min: -0.3, max: 0.3, tick: (value) => Changes.signed(100 * value, " %"), text: (value) => `${Math.round(Math.abs(100 * value))} % to the ${value < 0 ? "left" : "right"}` },
    rotation: { min: -90, max: 90, tick: (value) => Changes.signed(value, "°"), text: (value) => `${Math.round(Math.abs(value))}° ${value < 0 ? "anticlockwise" : "clockwise"}` },
    brightness: { min: -0.5, max: 0.5, tick: (value) => Changes.signed(value, "", 1), text: (value) => Changes.signed(value, "", 2) },
  },
  signed: (value, unit, digits = 0) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}${unit}`,
  POINTS: 17,
  none: () => ({ noise: 0, shift: 0, rotation: 0, brightness: 0 }),
  values(name) {
    const { min, max } = Changes.ALL[name];
    return Array.from({ length: Changes.POINTS }, (_, i) => min + (max - min) * i / (Changes.POINTS - 1));
  },
  // The places of a curve, ends and middle first, so that its shape is there early.
  order() {
    const [order, last] = [[], Changes.POINTS - 1];
    for (let step = last; step >= 1; step /= 2) {
      for (let at = 0; at <= last; at += step) if (!order.includes(at)) order.push(at);
    }
    return order;
  },
  apply(image, [height, width, channels], { noise, shift, rotation, brightness }) {
    let changed = image;
    if (shift || rotation) changed = Changes.moved(changed, height, width, channels, shift * width, rotation * Math.PI / 180);
    if (brightness || noise) {
      const random = Changes.gaussian(image.length);
      changed = changed.map((value, i) => Math.min(1, Math.max(0, value + brightness + noise * random[i])));
    }
    return changed;
  },
  // Turned about its middle, then shifted to the right, with bilinear interpolation.
  moved(image, height, width, channels, right, angle) {
    const fill = Array.from({ length: channels }, (_, channel) => Pixels.median(Pixels.border({ width, height, channels, data: image }, channel)));
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const result = new Float32Array(image.length);
    const value = (row, column, channel) => (row < 0 || row >= height || column < 0 || column >= width
      ? fill[channel] : image[(row * width + column) * channels + channel]);
    for (let row = 0, to = 0; row < height; row += 1) {
      for (let column = 0; column < width; column += 1) {
        const [x, y] = [column + 0.5 - right - width / 2, row + 0.5 - height / 2];
        const [fromX, fromY] = [cos * x + sin * y + width / 2 - 0.5, cos * y - sin * x + height / 2 - 0.5];
        const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
        const [dx, dy] = [fromX - left, fromY - top];
        for (let channel = 0; channel < channels; channel += 1, to += 1) {
          result[to] = (1 - dy) * ((1 - dx) * value(top, left, channel) + dx * value(top, left + 1, channel))
            + dy * ((1 - dx) * value(top + 1, left, channel) + dx * value(top + 1, left + 1, channel));
        }
      }
    }
    return result;
  },
  // The same numbers every time, normally distributed: a slider's noise grows, and does not flicker.
  gaussian(count) {
    const random = Changes.random(1);
    return Float32Array.from({ length: count }, () => (
      Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())));
  },
  // Numbers in [0, 1) of a seed (mulberry32).
  random(seed) {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  },
};

// Taking pixels away in an order, a tenth of the image at a time, and what they are replaced by.
const Removal = {
  STEPS: 10,
  // The pixels, the first to go first, by a map (height × width): the most relevant, the least, or
  // at random. Pixels that tie go in a random order, the same for both, as the study does it.
  order(map, kind) {
    const random = Changes.random(7);
    const ties = Float64Array.from(map, random);
    const places = Array.from(map, (_, i) => i);
    const sign = { most: -1, least: 1, random: 0 }[kind];
    return Uint32Array.from(places.sort((a, b) => (sign && sign * (map[a] - map[b])) || ties[a] - ties[b]));
  },
  removed(image, ground, order, steps, channels) {
    const result = image.slice();
    const count = Math.round(order.length * steps / Removal.STEPS);
    for (const pixel of order.subarray(0, count)) {
      for (let at = pixel * channels; at < (pixel + 1) * channels; at += 1) result[at] = ground[at];
    }
    return result;
  },
  // What a removed pixel becomes: black, the training images' mean colour, or the image blurred.
  ground(image, [height, width, channels], kind, mean) {
    if (kind === "blurred") return Removal.blurred(image, height, width, channels);
    return image.map((_, i) => (kind === "mean" ? mean[i % channels] : 0));
  },
  // A Gaussian of a quarter of each side, cut at four deviations, with the image mirrored beyond its
  // edges: SciPy's gaussian_filter, mode "reflect".
  blurred(image, height, width, channels) {
    const along = (data, length, step, starts) => {
      const deviation = 0.25 * length;
      const radius = Math.trunc(4 * deviation + 0.5);
      const weights = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / deviation) ** 2));
      const sum = weights.reduce((a, b) => a + b);
      const result = new Float32Array(data.length);
      const mirrored = (place) => {
        const within = ((place % (2 * length)) + 2 * length) % (2 * length);
        return within < length ? within : 2 * length - 1 - within;
      };
      for (const start of starts) {
        for (let place = 0; place < length; place += 1) {
          let total = 0;
          for (let i = -radius; i <= radius; i += 1) total += weights[i + radius] * data[start + mirrored(place + i) * step];
          result[start + place * step] = total / sum;
        }
      }
      return result;
    };
    const line = width * channels;
    const down = along(image, height, line, Array.from({ length: line }, (_, i) => i));
    const starts = Array.from({ length: height * channels }, (_, i) => Math.floor(i / channels) * line + i % channels);
    return along(down, width, channels, starts);
  },
};
