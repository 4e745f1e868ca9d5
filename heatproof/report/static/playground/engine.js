// Networks of the study, run in the browser: what they predict, their feature maps, and heat maps.
//
// A part of the engine is a function without surroundings, so that its source can be given to a
// worker: `kernels`, `activations`, `graph`, `maps`, `server`; what prepares pictures is a class. A
// page opened from a file may not load a worker's script, but may make one of text.
const playground = {
  // Load a data file, which calls `receive`; a page opened from a file may not fetch it.
  async load(address) {
    const script = Object.assign(document.createElement("script"), { src: address });
    try {
      await new Promise((resolve, reject) => {
        script.onload = resolve;
        script.onerror = () => reject(new Error(`${address} could not be loaded`));
        document.head.append(script);
      });
    } finally {
      script.remove();
    }
    const record = playground.received;
    playground.received = undefined;
    if (!record) throw new Error(`${address} holds no network`);
    return record;
  },
  receive(record) {
    playground.received = record;
  },

  // Make a network of a record ready, in a worker where the browser allows one.
  async open(record) {
    const channel = playground.worker() ?? playground.here();
    const waiting = new Map();
    let number = 0;
    const fail = (error) => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    channel.onmessage = ({ data }) => {
      const request = waiting.get(data.number);
      if (!request) return;
      if ("share" in data) return void request.tick?.(data.share);
      waiting.delete(data.number);
      if ("error" in data) request.reject(data.stopped ? request.signal.reason : new Error(data.error));
      else request.resolve(data.result);
    };
    channel.onerror = (event) => fail(new Error(event.message || "the worker failed"));
    const ask = (call, given, { tick, signal } = {}) => new Promise((resolve, reject) => {
      if (signal?.aborted) return void reject(signal.reason);
      const own = number++;
      const stop = () => channel.postMessage({ number: own, call: "stop" });
      signal?.addEventListener("abort", stop);
      const ended = (end) => (value) => {
        signal?.removeEventListener("abort", stop);
        end(value);
      };
      waiting.set(own, { resolve: ended(resolve), reject: ended(reject), tick, signal });
      channel.postMessage({ number: own, call, given });
    });
    const described = await ask("open", [record]);
    return {
      ...described,
      prepare: (picture, usual, choices) => ask("prepare", [picture, usual, choices]),
      run: (image, { layers = [], ...options } = {}) => ask("run", [image, layers], options),
      logits: (images, options) => ask("logits", [images], options),
      explain: (method, image, classIndex, options) => ask("explain", [method, image, classIndex], options),
      close() {
        channel.terminate();
        fail(new Error("the network was closed"));
      },
    };
  },

  // A worker of this page's own source, or nothing where there can be none.
  worker() {
    const parts = ["kernels", "activations", "graph", "maps", "server"];
    const source = [
      Pixels, Ink, Photo, "const playground = {};",
      ...parts.map((part) => `playground.${part} = ${playground[part]};`), "playground.server(self);",
    ].join("\n");
    try {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(address);
      URL.revokeObjectURL(address);
      return worker;
    } catch {
      return undefined;
    }
  },

  // The same on the page itself, which serves in slices.
  here() {
    const { port1, port2 } = new MessageChannel();
    playground.server(port2);
    port1.terminate = () => port1.close();
    return port1;
  },

  softmax(logits) {
    const largest = Math.max(...logits);
    const powers = Float32Array.from(logits, (logit) => Math.exp(logit - largest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  },
};
