// Products of matrices and windows over maps, as loops that browsers compile well. Maps are
// (rows, columns, channels), one after the other; sums are in double precision.
playground.kernels = () => {
  const BLOCK = 64; // rows of patches that are multiplied at a time, so that they stay in the cache
  const zeros = new Float32Array(4);

  // Lay a matrix (depth, columns), or its transpose, out in panels of four columns, as `multiply`
  // reads it.
  const packed = (matrix, depth, columns, transpose = false) => {
    const panels = new Float32Array(Math.ceil(columns / 4) * depth * 4);
    for (let k = 0; k < depth; k++) {
      for (let j = 0; j < columns; j++) {
        const value = transpose ? matrix[j * depth + k] : matrix[k * columns + j];
        panels[((j >> 2) * depth + k) * 4 + (j & 3)] = value;
      }
    }
    return panels;
  };

  // out[start + i, j] = bias[j] + the sum over k of a[first + i, k] * matrix[k, j]; two rows and
  // four columns at a time, which is what fits into a processor's registers.
  const multiply = (a, first, rows, depth, panels, columns, bias, out, start) => {
    for (let j = 0; j < columns; j += 4) {
      for (let i = 0; i < rows; i += 2) {
        const both = i + 1 < rows;
        let x = (first + i) * depth;
        let y = both ? x + depth : x;
        let w = j * depth;
        const end = w + depth * 4;
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
        for (; w < end; w += 4) {
          const u = a[x++], v = a[y++];
          const w0 = panels[w], w1 = panels[w + 1], w2 = panels[w + 2], w3 = panels[w + 3];
          a0 += u * w0; a1 += u * w1; a2 += u * w2; a3 += u * w3;
          b0 += v * w0; b1 += v * w1; b2 += v * w2; b3 += v * w3;
        }
        const to = (start + i) * columns + j;
        const own = both ? to + columns : to;
        const c = bias ?? zeros;
        const at = bias ? j : 0;
        // The second row first, which is the first one again where there is no second.
        out[own] = b0 + c[at];
        out[to] = a0 + c[at];
        if (j + 1 < columns) { out[own + 1] = b1 + c[at + 1]; out[to + 1] = a1 + c[at + 1]; }
        if (j + 2 < columns) { out[own + 2] = b2 + c[at + 2]; out[to + 2] = a2 + c[at + 2]; }
        if (j + 3 < columns) { out[own + 3] = b3 + c[at + 3]; out[to + 3] = a3 + c[at + 3]; }
      }
    }
  };

  // Go through the windows of an operation: visit(where the window's output starts, where its input
  // starts, which tap) for each tap that lies on the map.
  const taps = (node, visit) => {
    const [height, width, channels] = node.read;
    const [rows, columns, units] = node.give;
    const [tall, wide] = node.window;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        for (let i = 0; i < tall; i++) {
          const y = r * node.stride[0] - node.pad[0] + i * node.dilation[0];
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < wide; j++) {
            const x = c * node.stride[1] - node.pad[1] + j * node.dilation[1];
            if (x < 0 || x >= width) continue;
            visit((r * columns + c) * units, (y * width + x) * channels, i * wide + j);
          }
        }
      }
    }
  };

  // Copy the patches of output places first to last into rows of `patches`; or, backward, add those
  // rows to the map that they come from.
  const move = (node, map, patches, first, last, backward) => {
    const [height, width, channels] = node.read;
    const columns = node.give[1];
    const [tall, wide] = node.window;
    let p = 0;
    for (let place = first; place < last; place++) {
      const top = Math.floor(place / columns) * node.stride[0] - node.pad[0];
      const left = (place % columns) * node.stride[1] - node.pad[1];
      for (let i = 0; i < tall; i++) {
        const y = top + i * node.dilation[0];
        for (let j = 0; j < wide; j++) {
          const x = left + j * node.dilation[1];
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          const end = p + channels;
          let m = (y * width + x) * channels;
          if (!inside) {
            if (!backward) patches.fill(0, p, end);
            p = end;
          } else if (backward) {
            while (p < end) map[m++] += patches[p++];
          } else {
            while (p < end) patches[p++] = map[m++];
          }
        }
      }
    }
  };

  const isProduct = (node) => [...node.window, ...node.stride].every((n) => n === 1) && !node.pad[0] && !node.pad[1];

  const convolve = (node, x, y) => {
    const [rows, columns, units] = node.give;
    const depth = node.weights.length / units;
    node.panels ??= packed(node.weights, depth, units);
    if (isProduct(node)) return multiply(x, 0, rows * columns, depth, node.panels, units, node.bias, y, 0);
    const patches = new Float32Array(BLOCK * depth);
    for (let first = 0; first < rows * columns; first += BLOCK) {
      const last = Math.min(first + BLOCK, rows * columns);
      move(node, x, patches, first, last, false);
      multiply(patches, 0, last - first, depth, node.panels, units, node.bias, y, first);
    }
  };

  const convolveBack = (node, dy, dx) => {
    const [rows, columns, units] = node.give;
    const depth = node.weights.length / units;
    node.transposed ??= packed(node.weights, units, depth, true);
    const patches = new Float32Array(BLOCK * depth);
    for (let first = 0; first < rows * columns; first += BLOCK) {
      const last = Math.min(first + BLOCK, rows * columns);
      multiply(dy, first, last - first, units, node.transposed, depth, undefined, patches, 0);
      move(node, dx, patches, first, last, true);
    }
  };

  const depthwise = (node, x, y) => {
    const channels = node.give[2];
    for (let o = 0; o < y.length; o++) y[o] = node.bias[o % channels];
    taps(node, (o, i, tap) => {
      let w = tap * channels;
      for (const end = o + channels; o < end; o++) y[o] += x[i++] * node.weights[w++];
    });
  };

  const depthwiseBack = (node, dy, dx) => {
    const channels = node.give[2];
    taps(node, (o, i, tap) => {
      let w = tap * channels;
      for (const end = o + channels; o < end; o++) dx[i++] += dy[o] * node.weights[w++];
    });
  };

  const maximum = (node, x, y) => {
    const channels = node.give[2];
    y.fill(-Infinity);
    taps(node, (o, i) => {
      for (const end = o + channels; o < end; o++, i++) if (x[i] > y[o]) y[o] = x[i];
    });
  };

  // Of equal values the first has the gradient, as in TensorFlow.
  const maximumBack = (node, dy, x, y, dx) => {
    const channels = node.give[2];
    const given = new Uint8Array(y.length);
    taps(node, (o, i) => {
      for (const end = o + channels; o < end; o++, i++) {
        if (x[i] === y[o] && !given[o]) {
          given[o] = 1;
          dx[i] += dy[o];
        }
      }
    });
  };

  // How many taps of each window lie on the map: the others count for no average.
  const sizes = (node) => {
    if (!node.sizes) {
      const units = node.give[2];
      node.sizes = new Float32Array(node.give[0] * node.give[1]);
      taps(node, (o) => { node.sizes[o / units]++; });
    }
    return node.sizes;
  };

  const average = (node, x, y) => {
    const channels = node.give[2];
    const counts = sizes(node);
    y.fill(0);
    taps(node, (o, i) => {
      const count = counts[o / channels];
      for (const end = o + channels; o < end; o++, i++) y[o] += x[i] / count;
    });
  };

  const averageBack = (node, dy, dx) => {
    const channels = node.give[2];
    const counts = sizes(node);
    taps(node, (o, i) => {
      const count = counts[o / channels];
      for (const end = o + channels; o < end; o++, i++) dx[i] += dy[o] / count;
    });
  };

  return { convolve, convolveBack, depthwise, depthwiseBack, maximum, maximumBack, average, averageBack };
};
