// A network as a list of operations, each forward and backward. Values and gradients are typed
// arrays, one for each operation, in the order of the list; an operation reads earlier ones.
playground.graph = (kernels, activations) => {
  const { exp, sqrt } = Math;

  // Go through the lines of an array (outer, count, inner) along its middle axis.
  const lines = ({ outer, count, inner }, visit) => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) visit(o * count * inner + i, o * inner + i);
    }
  };

  // Where each value of a factor stands in the product, as (rows, columns, channels) of the product
  // with a stride of 0 along what the factor has once.
  const places = (node, factor, visit) => {
    const [rows, columns, channels] = node.sides;
    const [r, c, k] = node.strides[factor];
    let o = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let l = 0; l < channels; l++) visit(o++, i * r + j * c + l * k);
      }
    }
  };

  // out[b, i, j] += scale * the sum over k of one[b, i, k] * other[b, k, j], with the strides of each axis.
  const product = ([batch, rows, columns, depth], scale, one, [ob, oi, ok], other, [tb, tk, tj], out, [yb, yi, yj]) => {
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = 0;
          let p = b * ob + i * oi, q = b * tb + j * tj;
          for (let k = 0; k < depth; k++, p += ok, q += tk) sum += one[p] * other[q];
          out[b * yb + i * yi + j * yj] += scale * sum;
        }
      }
    }
  };

  // forward(node, inputs, output); backward(node, its gradient, inputs, output, gradients of the
  // inputs), which are added to, and undefined where nobody asks.
  const operations = {
    same: {
      forward: (node, [x], y) => y.set(x),
      backward: (node, dy, x, y, [dx]) => dy.forEach((d, i) => { dx[i] += d; }),
    },
    // Black around a map, or, of a negative offset, a part of it.
    frame: {
      forward(node, [x], y) {
        y.fill(0);
        frame(node, (i, o, length) => y.set(x.subarray(i, i + length), o));
      },
      backward(node, dy, x, y, [dx]) {
        frame(node, (i, o, length) => { for (let n = 0; n < length; n++) dx[i + n] += dy[o + n]; });
      },
    },
    scale: {
      forward({ weights, bias }, [x], y) {
        for (let i = 0; i < y.length; i++) y[i] = x[i] * weights[i % weights.length] + bias[i % bias.length];
      },
      backward({ weights }, dy, x, y, [dx]) {
        for (let i = 0; i < dx.length; i++) dx[i] += dy[i] * weights[i % weights.length];
      },
    },
    convolve: {
      forward: (node, [x], y) => kernels.convolve(node, x, y),
      backward: (node, dy, x, y, [dx]) => kernels.convolveBack(node, dy, dx),
    },
    depthwise: {
      forward: (node, [x], y) => kernels.depthwise(node, x, y),
      backward: (node, dy, x, y, [dx]) => kernels.depthwiseBack(node, dy, dx),
    },
    maximum: {
      forward: (node, [x], y) => kernels.maximum(node, x, y),
      backward: (node, dy, [x], y, [dx]) => kernels.maximumBack(node, dy, x, y, dx),
    },
    average: {
      forward: (node, [x], y) => kernels.average(node, x, y),
      backward: (node, dy, x, y, [dx]) => kernels.averageBack(node, dy, dx),
    },
    activate: {
      forward(node, [x], y) {
        const [value] = activations[node.activation];
        for (let i = 0; i < y.length; i++) y[i] = value(x[i]);
      },
      backward(node, dy, [x], y, [dx]) {
        const [, slope] = activations[node.activation];
        for (let i = 0; i < dx.length; i++) if (dy[i]) dx[i] += dy[i] * slope(x[i], y[i]);
      },
    },
    add: {
      forward(node, inputs, y) {
        y.set(inputs[0]);
        for (const x of inputs.slice(1)) for (let i = 0; i < y.length; i++) y[i] += x[i];
      },
      backward(node, dy, inputs, y, gradients) {
        for (const dx of gradients) if (dx) for (let i = 0; i < dx.length; i++) dx[i] += dy[i];
      },
    },
    // Two factors, of which one may have one value along an axis.
    multiply: {
      forward(node, inputs, y) {
        y.fill(1);
        inputs.forEach((x, factor) => places(node, factor, (o, i) => { y[o] *= x[i]; }));
      },
      backward(node, dy, inputs, y, gradients) {
        gradients.forEach((dx, factor) => {
          if (!dx) return;
          const other = new Float32Array(y.length);
          places(node, 1 - factor, (o, i) => { other[o] = inputs[1 - factor][i]; });
          places(node, factor, (o, i) => { dx[i] += dy[o] * other[o]; });
        });
      },
    },
    product: {
      forward(node, [one, other], y) {
        y.fill(0);
        product(node.sides, node.weights[0], one, node.strides[0], other, node.strides[1], y, node.strides[2]);
      },
      backward({ sides: [b, i, j, k], weights: [scale], strides: [[ob, oi, ok], [tb, tk, tj], [yb, yi, yj]] }, dy, [one, other], y, [done, dother]) {
        if (done) product([b, i, k, j], scale, dy, [yb, yi, yj], other, [tb, tj, tk], done, [ob, oi, ok]);
        if (dother) product([b, k, j, i], scale, one, [ob, ok, oi], dy, [yb, yi, yj], dother, [tb, tk, tj]);
      },
    },
    concatenate: {
      forward(node, inputs, y) {
        beside(node, (i, o, length, branch) => y.set(inputs[branch].subarray(i, i + length), o));
      },
      backward(node, dy, inputs, y, gradients) {
        beside(node, (i, o, length, branch) => {
          const dx = gradients[branch];
          if (dx) for (let n = 0; n < length; n++) dx[i + n] += dy[o + n];
        });
      },
    },
    mean: {
      forward(node, [x], y) {
        lines(node, (i, o) => {
          let sum = 0;
          for (let n = 0; n < node.count; n++) sum += x[i + n * node.inner];
          y[o] = sum / node.count;
        });
      },
      backward(node, dy, x, y, [dx]) {
        lines(node, (i, o) => { for (let n = 0; n < node.count; n++) dx[i + n * node.inner] += dy[o] / node.count; });
      },
    },
    // Of equal values each has its share of the gradient, as in TensorFlow.
    largest: {
      forward(node, [x], y) {
        lines(node, (i, o) => {
          y[o] = x[i];
          for (let n = 1; n < node.count; n++) y[o] = Math.max(y[o], x[i + n * node.inner]);
        });
      },
      backward(node, dy, [x], y, [dx]) {
        lines(node, (i, o) => {
          let count = 0;
          for (let n = 0; n < node.count; n++) if (x[i + n * node.inner] === y[o]) count++;
          for (let n = 0; n < node.count; n++) if (x[i + n * node.inner] === y[o]) dx[i + n * node.inner] += dy[o] / count;
        });
      },
    },
    softmax: {
      forward(node, [x], y) {
        lines(node, (i) => {
          let most = -Infinity, sum = 0;
          for (let n = 0; n < node.count; n++) most = Math.max(most, x[i + n * node.inner]);
          for (let n = 0; n < node.count; n++) sum += exp(x[i + n * node.inner] - most);
          for (let n = 0; n < node.count; n++) y[i + n * node.inner] = exp(x[i + n * node.inner] - most) / sum;
        });
      },
      backward(node, dy, x, y, [dx]) {
        lines(node, (i) => {
          let sum = 0;
          for (let n = 0; n < node.count; n++) sum += dy[i + n * node.inner] * y[i + n * node.inner];
          for (let n = 0; n < node.count; n++) dx[i + n * node.inner] += y[i + n * node.inner] * (dy[i + n * node.inner] - sum);
        });
      },
    },
    normalise: {
      forward(node, [x], y) {
        const { weights, bias } = node;
        lines({ ...node, outer: y.length / node.count, inner: 1 }, (i) => {
          const { mean, deviation } = moments(node, x, i);
          for (let n = 0; n < node.count; n++) y[i + n] = (x[i + n] - mean) / deviation * weights[n] + bias[n];
        });
      },
      backward(node, dy, [x], y, [dx]) {
        const { count, weights } = node;
        lines({ outer: y.length / count, count, inner: 1 }, (i) => {
          const { mean, deviation } = moments(node, x, i);
          let sum = 0, along = 0;
          for (let n = 0; n < count; n++) {
            const given = dy[i + n] * weights[n];
            sum += given;
            along += given * (x[i + n] - mean) / deviation;
          }
          for (let n = 0; n < count; n++) {
            const unit = (x[i + n] - mean) / deviation;
            dx[i + n] += (dy[i + n] * weights[n] - sum / count - unit * along / count) / deviation;
          }
        });
      },
    },
  };

  // The runs of values that a map and its frame have in common.
  const frame = ({ read: [height, width, channels], give: [rows, columns], pad: [top, left] }, visit) => {
    const first = Math.max(0, -left), last = Math.min(width, columns - left);
    for (let y = Math.max(0, -top); y < Math.min(height, rows - top); y++) {
      visit((y * width + first) * channels, ((y + top) * columns + first + left) * channels, (last - first) * channels);
    }
  };

  // The runs of values of each branch in what they are together.
  const beside = ({ outer, lengths }, visit) => {
    const whole = lengths.reduce((sum, length) => sum + length);
    let start = 0;
    lengths.forEach((length, branch) => {
      for (let o = 0; o < outer; o++) visit(o * length, o * whole + start, length, branch);
      start += length;
    });
  };

  const moments = ({ count, epsilon }, x, start) => {
    let mean = 0, variance = 0;
    for (let n = 0; n < count; n++) mean += x[start + n] / count;
    for (let n = 0; n < count; n++) variance += (x[start + n] - mean) ** 2 / count;
    return { mean, deviation: sqrt(variance + epsilon) };
  };

  const size = (shape) => shape.reduce((product, side) => product * side, 1);

  // pause: waits, if it is time to, so that who asked for something else is heard.
  return (record, arrays, pause) => {
    const nodes = record.graph.map((node) => ({
      ...node,
      weights: arrays[node.weights],
      bias: arrays[node.bias],
    }));
    const values = nodes.map((node) => new Float32Array(size(node.shape)));
    const gradients = nodes.map((node) => undefined);
    const last = nodes.length - 1;
    const inputs = (node) => node.inputs.map((i) => values[i]);

    // Compute all values of an image; those that are there already are kept.
    let complete = false;
    const forward = async (image) => {
      if (complete && image.every((value, i) => value === values[0][i])) return values[last];
      complete = false;
      values[0].set(image);
      for (let i = 1; i < nodes.length; i++) {
        operations[nodes[i].operation].forward(nodes[i], inputs(nodes[i]), values[i]);
        await pause();
      }
      complete = true;
      return values[last];
    };

    // Which operations depend on one of them.
    const dependent = (target) => {
      const found = nodes.map((_, i) => i === target);
      nodes.forEach((node, i) => { found[i] ||= node.inputs.some((input) => found[input]); });
      return found;
    };

    // Hand the last operation's gradient back to one of them. A rule may do so in its own way:
    // rule(node, its gradient, inputs, output, gradients of the inputs) -> whether it did.
    const backward = async (given, target, rule = () => false) => {
      const wanted = dependent(target);
      for (let i = target; i < nodes.length; i++) {
        if (wanted[i]) (gradients[i] ??= new Float32Array(values[i].length)).fill(0);
      }
      gradients[last].set(given);
      for (let i = last; i > target; i--) {
        if (!wanted[i]) continue;
        const node = nodes[i], read = inputs(node);
        const into = node.inputs.map((input) => wanted[input] ? gradients[input] : undefined);
        if (!rule(node, gradients[i], read, values[i], into)) {
          operations[node.operation].backward(node, gradients[i], read, values[i], into);
        }
        await pause();
      }
      return gradients[target];
    };

    return { nodes, values, operations, forward, backward };
  };
};
