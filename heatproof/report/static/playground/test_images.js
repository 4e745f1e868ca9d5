// Test images: of each dataset some to choose from, and of a network those that its page explains.
const TestImages = {
  // Images side by side in one picture, as pictures for the pad.
  async read({ src, size: [height, width, channels], rows, labels }, dataset) {
    const picture = new Image();
    picture.src = src;
    await picture.decode();
    const sheet = new OffscreenCanvas(picture.width, picture.height).getContext("2d", { willReadFrequently: true });
    sheet.drawImage(picture, 0, 0);
    return labels.map((label, place) => {
      const image = sheet.getImageData(place * width, 0, width, height);
      const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => image.data[4 * Math.floor(i / channels) + i % channels]);
      const bitmap = new OffscreenCanvas(width, height);
      bitmap.getContext("2d").putImageData(image, 0, 0);
      return { image, bitmap, test: { dataset, row: rows[place], pixels }, label };
    });
  },
  // A button for each; chosen(test) when it is pressed.
  offer(list, tests, chosen) {
    list.replaceChildren(...tests.map((test) => {
      const { width, height } = test.image;
      const canvas = Page.make("canvas", { className: "tile", width, height });
      canvas.getContext("2d").drawImage(test.bitmap, 0, 0);
      canvas.setAttribute("aria-hidden", "true");
      const button = Page.make("button", { type: "button", title: test.label }, canvas,
        Page.make("span", { className: "visually-hidden" }, `Test image: ${test.label}`));
      button.addEventListener("click", () => chosen(test));
      return Page.make("li", {}, button);
    }));
  },
};
