// A drawn or photographed subject on a plain ground, placed and lit as training images of that kind
// are: what heatproof/datasets/ink.py does, step by step.
class Ink {
  static WORKING_SIDE = 560;
  static FAINTEST = 0.12;
  static SMALLEST = 0.1;
  static SPECK = 0.03;
  static WIDEST = 0.3;
  static CENTRED = 0.1;
  static NOISE = 3;
  static CORE = 90;
  // What stands out from a picture's ground: { width, height, strength, mask, bright }; null where
  // nothing does, or the ground is uneven.
  static find(image) {
    const scale = Math.min(1, Ink.WORKING_SIDE / Math.max(image.width, image.height));
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, Pixels.rounded(scale * side)));
    const grey = new Float64Array(Pixels.fitted(image, width, height, "gray", 255).data).map((value) => value / 255);
    const plane = Ink.plane(grey, width, height);
    let apart = grey.map((value, i) => value - plane[i]);
    const [low, high] = [Ink.SMALLEST, 100 - Ink.SMALLEST].map((percent) => Pixels.percentile(apart, percent));
    const bright = high > -low;
    if (!bright) apart = apart.map((value) => -value);
    if (Math.max(high, -low) < Ink.FAINTEST) return null;
    const threshold = Ink.otsu(apart);
    const mask = Ink.withoutSpecks(new Uint8Array(apart.map((value) => Number(value > threshold))), width, height);
    if (!mask.includes(1)) return null;
    if (Pixels.mean(Pixels.border({ width, height, channels: 1, data: mask })) > Ink.WIDEST) return null;
    const ground = Ink.where(apart, mask, false);
    const middle = Pixels.median(ground);
    const floor = Ink.NOISE * 1.4826 * Pixels.median(ground.map((value) => Math.abs(value - middle)));
    const full = Math.max(Pixels.percentile(Ink.where(apart, mask, true), Ink.CORE), floor + 1 / 255);
    const near = Ink.widened(Ink.widened(mask, width, height), width, height);
    const strength = apart.map((value, i) => near[i] ? Math.min(1, Math.max(0, (value - floor) / (full - floor))) : 0);
    return { width, height, strength, mask, bright };
  }
  // The values where a mask is, or where it is not. It is much quicker than filter(), as `new` of a
  // typed array is than from(): this runs at every move of the pen.
  static where(values, mask, inside) {
    const found = new Float64Array(values.length);
    let count = 0;
    for (let i = 0; i < values.length; i += 1) if (Boolean(mask[i]) === inside) found[count++] = values[i];
    return found.subarray(0, count);
  }
  // A plane through an image's border: paper lit from one side. Fitted again without what is far off.
  static plane(grey, width, height) {
    const places = [];
    for (let row = 0; row < height; row += 1) {
      const edge = row === 0 || row === height - 1;
      for (let column = 0; column < width; column += edge ? 1 : Math.max(1, width - 1)) {
        places.push([1, row / height, column / width, grey[row * width + column]]);
      }
    }
    let kept = places;
    let factors = [0, 0, 0];
    for (let round = 0; round < 2; round += 1) {
      factors = Ink.leastSquares(kept);
      const [a, b, c] = factors;
      kept = places.filter(([, y, x, level]) => Math.abs(level - (a + b * y + c * x)) <= Ink.FAINTEST);
      if (kept.length / places.length < 0.5) return new Float64Array(grey.length).fill(Pixels.median(places.map((p) => p[3])));
    }
    return grey.map((_, i) => factors[0] + factors[1] * Math.floor(i / width) / height + factors[2] * (i % width) / width);
  }
  // The three factors of a plane by the normal equations; where they have no single answer, a level.
  static leastSquares(places) {
    const rows = [0, 1, 2].map((i) => [0, 1, 2, 3].map((j) => places.reduce((sum, place) => sum + place[i] * place[j], 0)));
    for (let i = 0; i < 3; i += 1) {
      const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i]) > Math.abs(best[i]) ? row : best));
      if (Math.abs(pivot[i]) < 1e-9) return [Pixels.mean(places.map((place) => place[3])), 0, 0];
      rows.splice(rows.indexOf(pivot), 1);
      rows.splice(i, 0, pivot);
      for (const row of rows) {
        if (row === pivot) continue;
        const factor = row[i] / pivot[i];
        for (let j = i; j < 4; j += 1) row[j] -= factor * pivot[j];
      }
    }
    return rows.map((row, i) => row[3] / row[i]);
  }
  // scikit-image's threshold_otsu of floats: 256 bins, counts in single precision.
  static otsu(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low === high) return low;
    const bins = 256;
    const edges = Float64Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i * ((high - low) / bins)));
    const counts = new Float64Array(bins);
    for (const value of values) {
      let bin = Math.min(bins - 1, Math.trunc(((value - low) / (high - low)) * bins));
      if (value < edges[bin]) bin -= 1;
      else if (bin !== bins - 1 && value >= edges[bin + 1]) bin += 1;
      counts[bin] += 1;
    }
    const centres = edges.subarray(0, bins).map((edge, i) => (edge + edges[i + 1]) / 2);
    const after = { count: new Float64Array(bins), sum: new Float64Array(bins) };
    for (let i = bins - 1, count = 0, sum = 0; i >= 0; i -= 1) {
      after.count[i] = count += counts[i];
      after.sum[i] = sum += counts[i] * centres[i];
    }
    let [best, chosen] = [-1, 0];
    for (let i = 0, count = 0, sum = 0; i < bins - 1; i += 1) {
      count += counts[i];
      sum += counts[i] * centres[i];
      const between = Math.fround(count * after.count[i + 1]) * (sum / count - after.sum[i + 1] / after.count[i + 1]) ** 2;
      if (between > best) [best, chosen] = [between, i];
    }
    return centres[chosen];
  }
  // Leave out pieces of ink, joined at sides or corners, that are tiny beside the largest.
  static withoutSpecks(mask, width, height) {
    const piece = new Int32Array(mask.length);
    const sizes = [0];
    const stack = [];
    for (let start = 0; start < mask.length; start += 1) {
      if (!mask[start] || piece[start]) continue;
      const name = sizes.push(0) - 1;
      piece[start] = name;
      stack.push(start);
      while (stack.length) {
        const at = stack.pop();
        sizes[name] += 1;
        const column = at % width;
        const row = (at - column) / width;
        const [right, bottom] = [Math.min(width - 1, column + 1), Math.min(height - 1, row + 1)];
        for (let y = Math.max(0, row - 1); y <= bottom; y += 1) {
          for (let x = Math.max(0, column - 1); x <= right; x += 1) {
            const next = y * width + x;
            if (mask[next] && !piece[next]) {
              piece[next] = name;
              stack.push(next);
            }
          }
        }
      }
    }
    const least = Ink.SPECK * sizes.reduce((a, b) => Math.max(a, b));
    return mask.map((_, i) => (piece[i] && sizes[piece[i]] >= least ? 1 : 0));
  }
  static widened(mask, width, height) {
    return mask.map((value, i) => value
      || (i >= width && mask[i - width]) || (i < width * (height - 1) && mask[i + width])
      || (i % width && mask[i - 1]) || (i % width < width - 1 && mask[i + 1]) || 0);
  }
  // The larger side of the ink's box, and its centre: [side, row, column].
  static sizeAndCentre({ width, height, strength, mask }, byMass) {
    let [top, left, bottom, right] = [height, width, 0, 0];
    let [mass, rows, columns] = [0, 0, 0];
    for (let i = 0; i < mask.length; i += 1) {
      const [row, column] = [Math.floor(i / width), i % width];
      if (mask[i]) {
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
        [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
      }
      mass += strength[i];
      rows += strength[i] * row;
      columns += strength[i] * column;
    }
    const side = Math.max(bottom - top, right - left);
    return byMass ? [side, rows / mass + 0.5, columns / mass + 0.5] : [side, (top + bottom) / 2, (left + right) / 2];
  }
  // Whether a picture has its subject as training images have: nothing needs to be done.
  static isUsual(ink, [height, width], placement) {
    if (ink.height !== height || ink.width !== width || ink.bright !== placement.bright) return false;
    const [side, row, column] = Ink.sizeAndCentre(ink, placement.by_mass);
    const off = Math.max(Math.abs(row / height - 0.5), Math.abs(column / width - 0.5));
    return Math.abs(side / Math.max(height, width) - placement.side) <= Ink.CENTRED && off <= Ink.CENTRED;
  }
  // The ink as the network knows it: its size, its place, its brightness.
  static placed(ink, [rows, columns], placement) {
    const [side, middleRow, middleColumn] = Ink.sizeAndCentre(ink, placement.by_mass);
    const height = side / placement.side;
    const width = height * columns / rows;
    const [top, left] = [middleRow - height / 2, middleColumn - width / 2];
    const drawn = Ink.cut(ink, left, top, width, height);
    const reduced = Pixels.resized(drawn, columns, rows);
    const data = Uint8Array.from(reduced.data, (value) => Pixels.rounded(Math.fround(255 * Math.min(1, Math.max(0, value)))));
    const picture = Pixels.levelled({ ...reduced, data });
    return {
      pixels: placement.bright ? picture.data : picture.data.map((value) => 255 - value),
      box: [Math.max(0, left / ink.width), Math.max(0, top / ink.height), Math.min(1, (left + width) / ink.width), Math.min(1, (top + height) / ink.height)],
      inverted: ink.bright !== placement.bright,
      placed: true,
    };
  }
  // A part of the ink, which may reach beyond it, in pixels of about its own: Pillow's bilinear
  // transform with an extent, in single precision.
  static cut({ width, height, strength }, left, top, across, down) {
    const [columns, rows] = [across, down].map((side) => Math.max(1, Pixels.rounded(side)));
    const [stepX, stepY] = [(left + across - left) / columns, (top + down - top) / rows];
    const source = new Float32Array(strength);
    const data = new Float32Array(columns * rows);
    const between = (row, before, share) => {
      const start = Math.min(Math.max(row, 0), height - 1) * width;
      const a = source[start + Math.min(Math.max(before, 0), width - 1)];
      const b = source[start + Math.min(Math.max(before + 1, 0), width - 1)];
      return a + Math.fround(b - a) * share;
    };
    for (let row = 0; row < rows; row += 1) {
      const y = stepY * (row + 0.5) + top;
      if (y < 0 || y >= height) continue;
      const above = Math.floor(y - 0.5);
      for (let column = 0; column < columns; column += 1) {
        const x = stepX * (column + 0.5) + left;
        if (x < 0 || x >= width) continue;
        const before = Math.floor(x - 0.5);
        const first = between(above, before, x - 0.5 - before);
        const second = above + 1 >= 0 && above + 1 < height ? between(above + 1, before, x - 0.5 - before) : first;
        data[row * columns + column] = first + (second - first) * (y - 0.5 - above);
      }
    }
    return { width: columns, height: rows, channels: 1, data };
  }
}
