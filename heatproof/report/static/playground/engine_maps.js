// Heat maps, each as its file in heatproof/attribution has it: there are the papers and equations.
playground.maps = (graph, record) => {
  const { nodes, values, operations } = graph;
  const [height, width, channels] = record.input;
  const find = (name) => nodes.findIndex((node) => node.name === name);

  const target = (classIndex) => {
    const given = new Float32Array(record.classes.length);
    given[classIndex] = 1;
    return given;
  };
  const gradient = async (image, classIndex, rule) => {
    await graph.forward(image);
    return graph.backward(target(classIndex), 0, rule);
  };
  const score = async (image, classIndex) => (await graph.forward(image))[classIndex];

  // One value for each pixel, of the values of its channels.
  const pixels = (value) => Float32Array.from({ length: height * width }, (_, p) => value(p * channels));
  const summed = (map) => pixels((start) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += map[start + c];
    return sum;
  });

  // Lay the positive part of a map of cells over the image (heatproof/attribution/core/geometry.py).
  const laidOver = (cells, { grid, axes }) => {
    const share = ({ start, jump }, count, pixel, cell) => {
      const position = Math.min(Math.max((pixel - start) / jump, 0), count - 1);
      return Math.max(0, 1 - Math.abs(position - cell));
    };
    const map = new Float32Array(height * width);
    for (let i = 0; i < grid.rows; i++) {
      for (let y = 0; y < height; y++) {
        const row = share(axes[0], grid.rows, y, i);
        if (!row) continue;
        for (let j = 0; j < grid.columns; j++) {
          const value = row * Math.max(0, cells[i * grid.columns + j]);
          if (!value) continue;
          for (let x = 0; x < width; x++) map[y * width + x] += value * share(axes[1], grid.columns, x, j);
        }
      }
    }
    return map;
  };

  // A class activation map: weigh(features, gradients, places, units) -> a value for each place.
  const cam = (weigh) => async (options, image, classIndex) => {
    const layer = find(options.layer), { before, rows, columns } = options.grid;
    await graph.forward(image);
    const slopes = await graph.backward(target(classIndex), layer);
    const places = rows * columns, units = nodes[layer].shape.at(-1);
    const part = (array) => array.subarray(before * units, (before + places) * units);
    return laidOver(weigh(part(values[layer]), part(slopes), places, units), options);
  };
  // ... as a sum over the channels, each place of a channel with a weight of its own.
  const placewise = (weight) => cam((features, slopes, places, units) => Float64Array.from({ length: places }, (_, p) => {
    let sum = 0;
    for (let k = p * units; k < (p + 1) * units; k++) sum += weight(slopes[k]) * features[k];
    return sum;
  }));
  // ... or with one weight for each channel.
  const channelwise = (weights) => cam((features, slopes, places, units) => {
    const weight = weights(features, slopes, places, units);
    return Float64Array.from({ length: places }, (_, p) => {
      let sum = 0;
      for (let k = 0; k < units; k++) sum += weight[k] * features[p * units + k];
      return sum;
    });
  });

  const integrated = (baseline) => async (options, image, classIndex, tick) => {
    const begin = baseline(options);
    const way = image.map((value, i) => value - begin[i]);
    const sums = new Float64Array(image.length);
    const add = async (points, weight) => {
      for (const [n, at] of points.entries()) {
        const slope = await gradient(begin.map((value, i) => value + Math.fround(at) * way[i]), classIndex);
        slope.forEach((value, i) => { sums[i] += weight(n) * value; });
        tick((n + 1) / points.length);
      }
    };
    const drawn = (count) => summed(way.map((length, i) => length * sums[i] / count));
    const norm = (map) => Math.sqrt(map.reduce((sum, value) => sum + value * value, 0));
    let count = options.steps / 2;
    await add(Array.from({ length: count + 1 }, (_, n) => n / count), (n) => n % count ? 1 : 0.5);
    let map = drawn(count), error = Infinity;
    while (error > options.tolerance && 2 * count <= options.max_steps) {
      await add(Array.from({ length: count }, (_, n) => (n + 0.5) / count), () => 1);
      count *= 2;
      const finer = drawn(count);
      error = norm(finer.map((value, i) => value - map[i])) / Math.max(norm(finer), options.min_difference);
      map = finer;
    }
    return map;
  };

  // Where squares begin that lie on a side of so many pixels, the last flush with its end.
  const windows = (side, size, stride) => {
    const starts = [];
    for (let start = 0; start <= side - size; start += stride) starts.push(start);
    if (starts.at(-1) !== side - size) starts.push(side - size);
    return starts;
  };
  const occlusion = async ({ size, stride, colour }, image, classIndex, tick) => {
    const tall = Math.min(size, height), wide = Math.min(size, width);
    const down = windows(height, tall, stride), across = windows(width, wide, stride);
    const whole = await score(image, classIndex);
    const sums = new Float64Array(height * width), counts = new Float64Array(height * width);
    for (const [n, top] of down.entries()) {
      for (const left of across) {
        const covered = image.slice();
        const inside = (visit) => {
          for (let y = top; y < top + tall; y++) for (let x = left; x < left + wide; x++) visit(y * width + x);
        };
        inside((p) => covered.set(colour, p * channels));
        const fall = whole - await score(covered, classIndex);
        inside((p) => { sums[p] += fall; counts[p]++; });
      }
      tick((n + 1) / down.length);
    }
    return Float32Array.from(sums, (sum, p) => sum / counts[p]);
  };

  // At an activation only what raises the score goes back.
  const guided = (node, dy, [x], y, [dx]) => {
    if (node.operation !== "activate") return false;
    const raised = dy.map((d) => Math.max(d, 0));
    if (node.activation.startsWith("relu")) {
      for (let i = 0; i < dx.length; i++) if (x[i] > 0 && y[i] === x[i]) dx[i] += raised[i];
    } else operations.activate.backward(node, raised, [x], y, [dx]);
    return true;
  };

  // Layer-wise relevance propagation by the epsilon rule: relevance in the place of gradients
  // (heatproof/attribution/propagation/lrp_rules.py). A neuron shares out its relevance by what its
  // inputs contribute; of a residual block that neuron is the sum, and the layers before it, the
  // summands, only say what they contribute.
  const relevance = async ({ epsilon, summands, preparing, signals }, image, classIndex) => {
    const shared = (node, given, z) => {
      if (summands.includes(node.name)) return given;
      const small = epsilon * Math.sqrt(z.reduce((sum, value) => sum + value * value, 0) / z.length);
      return given.map((r, i) => {
        const divisor = z[i] + (z[i] < 0 ? -small : small);
        return divisor ? r / divisor : 0;
      });
    };
    // To each input its value times what the transposed layer makes of the outputs' shares.
    const contributed = (node, share, inputs, y, into, part = 1) => {
      const back = into.map((dx) => dx && new Float32Array(dx.length));
      operations[node.operation].backward(node, share, inputs, y, back);
      into.forEach((dx, n) => dx?.forEach((_, i) => { dx[i] += part * inputs[n][i] * back[n][i]; }));
    };
    const passed = (node, given, inputs, y, [dx]) => given.forEach((r, i) => { dx[i] += r; });
    const affine = (node, given, inputs, y, into) => contributed(node, shared(node, given, y), inputs, y, into);
    const rules = {
      activate: passed,
      convolve: affine,
      depthwise: affine,
      average: affine,
      mean: affine,
      scale: (node, ...rest) => (preparing.includes(node.name) ? passed : affine)(node, ...rest),
      add(node, given, inputs, y, into) {
        const share = shared(node, given, y);
        into.forEach((dx, n) => {
          const itself = !summands.includes(nodes[node.inputs[n]].name);
          dx?.forEach((_, i) => { dx[i] += itself ? inputs[n][i] * share[i] : share[i]; });
        });
      },
      multiply(node, given, inputs, y, into) {
        const takes = signals[node.name];
        const part = given.map((r) => r / takes.filter(Boolean).length);
        const ones = inputs.map((x) => new Float32Array(x.length).fill(1));
        operations.multiply.backward(node, part, ones, y, into.map((dx, n) => takes[n] ? dx : undefined));
      },
      // Of two factors each is the other's kernel, and has half of the relevance.
      product: (node, given, inputs, y, into) => contributed(node, shared(node, given, y), inputs, y, into, 0.5),
      softmax(node, given, [x], y, [dx]) {
        const { outer, count, inner } = node;
        for (let line = 0; line < outer * inner; line++) {
          const start = Math.floor(line / inner) * count * inner + line % inner;
          let total = 0;
          for (let n = 0; n < count; n++) total += given[start + n * inner];
          for (let n = 0; n < count; n++) {
            const i = start + n * inner;
            dx[i] += x[i] * (given[i] - y[i] * total);
          }
        }
      },
      // The deviation counts as a constant; what remains is the difference from the mean.
      normalise(node, given, [x], y, [dx]) {
        const { count, weights, epsilon: added } = node;
        const share = shared(node, given, y);
        for (let start = 0; start < x.length; start += count) {
          let mean = 0, variance = 0, kept = 0;
          for (let n = 0; n < count; n++) mean += x[start + n] / count;
          for (let n = 0; n < count; n++) {
            variance += (x[start + n] - mean) ** 2 / count;
            kept += share[start + n] * weights[n] / count;
          }
          const deviation = Math.sqrt(variance + added);
          for (let n = 0; n < count; n++) {
            dx[start + n] += x[start + n] / deviation * (share[start + n] * weights[n] - kept);
          }
        }
      },
    };
    const rule = (node, ...rest) => {
      if (!(node.operation in rules)) return false;
      rules[node.operation](node, ...rest);
      return true;
    };
    const logits = await graph.forward(image);
    const own = target(classIndex).map((one, i) => one * logits[i]);
    return summed(await graph.backward(own, 0, rule));
  };

  return {
    gradcam: channelwise((features, slopes, places, units) => Float64Array.from({ length: units }, (_, k) => {
      let sum = 0;
      for (let i = k; i < slopes.length; i += units) sum += slopes[i];
      return sum / places;
    })),
    gradcam_plus_plus: channelwise((features, slopes, places, units) => Float64Array.from({ length: units }, (_, k) => {
      let total = 0, sum = 0;
      for (let i = k; i < features.length; i += units) total += features[i];
      for (let i = k; i < slopes.length; i += units) {
        const positive = Math.max(slopes[i], 0), divisor = 2 + positive * total;
        if (divisor) sum += positive / divisor;
      }
      return sum;
    })),
    hirescam: placewise((slope) => slope),
    layercam: placewise((slope) => Math.max(slope, 0)),
    async saliency(options, image, classIndex) {
      const slope = await gradient(image, classIndex);
      return pixels((start) => {
        let most = 0;
        for (let c = 0; c < channels; c++) most = Math.max(most, Math.abs(slope[start + c]));
        return most;
      });
    },
    async gradient_times_input(options, image, classIndex) {
      return summed((await gradient(image, classIndex)).map((slope, i) => slope * image[i]));
    },
    integrated_gradients_black: integrated(() => new Float32Array(height * width * channels)),
    integrated_gradients_mean: integrated(({ colour }) => Float32Array.from({ length: height * width * channels }, (_, i) => colour[i % channels])),
    guided_backprop: async (options, image, classIndex) => summed(await gradient(image, classIndex, guided)),
    lrp_epsilon: relevance,
    occlusion,
  };
};
