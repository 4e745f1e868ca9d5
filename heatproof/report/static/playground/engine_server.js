// Serves one network: requests come as messages, and are answered one after the other.
playground.server = (port) => {
  const PATIENCE = 12; // milliseconds after which others are let in
  const stopped = new Set();
  const channel = new MessageChannel();
  let waiting, since = performance.now(), current;
  channel.port2.onmessage = () => waiting();
  // Let what has come in the meantime be heard, and end where the request in hand is to be stopped.
  const pause = async () => {
    if (performance.now() - since < PATIENCE) return;
    await new Promise((resolve) => {
      waiting = resolve;
      channel.port1.postMessage(0);
    });
    since = performance.now();
    if (stopped.has(current)) throw new Error("stopped");
  };

  let graph, maps, record;

  // The arrays of a record, as float32: `float16` and `int8`, with a scale for each column, are exact.
  const half = (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24);
  };
  const unpack = ({ arrays, weights }) => {
    const text = atob(weights);
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    let start = 0;
    const take = (Kind, length) => {
      const part = new Kind(bytes.slice(start, start + length * Kind.BYTES_PER_ELEMENT).buffer);
      start += length * Kind.BYTES_PER_ELEMENT;
      return part;
    };
    return arrays.map(({ type, length, columns }) => {
      if (type === "float32") return take(Float32Array, length);
      if (type === "float16") return Float32Array.from(take(Uint16Array, length), half);
      const scales = take(Float32Array, columns);
      return Float32Array.from(take(Int8Array, length), (value, i) => value * scales[i % columns]);
    });
  };

  const calls = {
    async open(tick, given) {
      record = given;
      graph = playground.graph(playground.kernels(), playground.activations())(record, unpack(record), pause);
      maps = playground.maps(graph, record);
      const { name, input, classes, methods, precision, graph: nodes } = record;
      const layers = nodes.map(({ name, kind, shape, maps }) => ({ name, kind, shape, maps }));
      return { name, input, classes, precision, layers, methods: methods.map(({ options, ...method }) => method) };
    },
    async prepare(tick, picture, usual, choices) {
      return Photo.prepared(picture, record.input, usual, choices);
    },
    async run(tick, image, wanted) {
      const logits = (await graph.forward(image)).slice();
      const activations = {};
      for (const name of wanted) {
        const i = record.graph.findIndex((node) => node.name === name);
        activations[name] = { shape: record.graph[i].shape, data: graph.values[i].slice() };
      }
      return { logits, activations };
    },
    async logits(tick, images) {
      const all = [];
      for (const image of images) {
        all.push((await graph.forward(image)).slice());
        tick(all.length / images.length);
      }
      return all;
    },
    async explain(tick, name, image, classIndex) {
      const method = record.methods.find((each) => each.name === name);
      if (!method) throw new Error(`${record.name}: no method ${name}`);
      const { options, signed } = method;
      const data = await maps[name](options, image, classIndex, tick);
      return { shape: record.input.slice(0, 2), data, signed };
    },
  };

  const serve = async ({ number, call, given }) => {
    current = number;
    since = performance.now();
    try {
      if (stopped.has(number)) throw new Error("stopped");
      const tick = (share) => port.postMessage({ number, share });
      port.postMessage({ number, result: await calls[call](tick, ...given) });
    } catch (error) {
      port.postMessage({ number, error: error.message, stopped: stopped.has(number) });
    }
    stopped.delete(number);
  };
  let queue = Promise.resolve();
  port.onmessage = ({ data }) => {
    if (data.call === "stop") stopped.add(data.number);
    else queue = queue.then(() => serve(data));
  };
};
