// Of each activation its value, and its slope given input and value.
playground.activations = () => {
  const { exp, tanh, abs, sign, sqrt } = Math;

  // Abramowitz & Stegun 7.1.26 would be good to 1e-7 only; this series and continued fraction to 1e-15.
  const erf = (x) => {
    const z = abs(x);
    if (z > 6) return sign(x);
    if (z < 2.5) {
      let term = z, sum = z;
      for (let n = 1; abs(term) > 1e-17 * sum; n++) {
        term *= -z * z / n;
        sum += term / (2 * n + 1);
      }
      return sign(x) * sum * 2 / sqrt(Math.PI);
    }
    let fraction = 0;
    for (let n = 40; n > 0; n--) fraction = n / 2 / (z + fraction);
    return sign(x) * (1 - exp(-z * z) / sqrt(Math.PI) / (z + fraction));
  };
  const sigmoid = (x) => 1 / (1 + exp(-x));
  const bend = (x) => tanh(sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));

  return {
    relu: [(x) => x > 0 ? x : 0, (x) => x > 0 ? 1 : 0],
    relu6: [(x) => x > 0 ? x < 6 ? x : 6 : 0, (x) => x > 0 && x < 6 ? 1 : 0],
    tanh: [tanh, (x, y) => 1 - y * y],
    sigmoid: [sigmoid, (x, y) => y * (1 - y)],
    silu: [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
    gelu: [(x) => x * (1 + erf(x / Math.SQRT2)) / 2, (x) => (1 + erf(x / Math.SQRT2)) / 2 + x * exp(-x * x / 2) / sqrt(2 * Math.PI)],
    tanh_gelu: [(x) => x * (1 + bend(x)) / 2, (x) => (1 + bend(x)) / 2 + x * (1 - bend(x) ** 2) * sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x) / 2],
  };
};
