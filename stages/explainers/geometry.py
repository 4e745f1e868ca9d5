"""Where a feature map lies on the image, and how it is brought to the image's size.

A class activation map has the size of a feature map. To lay it over the image, each of its cells is
put at the centre of the pixels that the cell sees (the receptive field's centre, Araujo et al.
2019, "Computing Receptive Fields of Convolutional Neural Networks",
https://distill.pub/2019/computing-receptive-fields, eq. 4), and the pixels between are interpolated
bilinearly. For unpadded input, odd kernels with padding `same` and even pooling this is the common
half-pixel-centred ("align_corners=False") resize. It differs, and a plain resize is wrong,

- where the network pads small images with zeros inside (28x28 in a 32x32 network): the map covers
  the padded field, of which only the middle is image;
- where convolutions are unpadded (`valid`): the map covers the image without its rim;
- where a stride does not divide the size, or a strided kernel is padded on one side only, as
  TensorFlow does with `same`: the grid of cells is shifted.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Axis:
    """One axis of a feature map: cell i is centred at pixel `start + i * jump` of the image."""

    start: float
    jump: float
    cells: int

    def centres(self) -> np.ndarray:
        """Return each cell's centre in pixels, float64 (cells,); 0.0 is the first pixel's middle."""
        return self.start + self.jump * np.arange(self.cells)


def feature_axes(model: "keras.Model", layer: str) -> tuple[Axis, Axis]:
    """Return the vertical and the horizontal axis of `layer`'s output on the model's input.

    Args:
        model: a flat functional network of one image input, (height, width, channels).
        layer: the name of a layer whose output is (height, width, channels).

    Raises:
        ValueError: the layer's output is not made from the input through feature maps alone.
    """
    from keras import layers

    axes: dict[int, tuple[Axis, Axis]] = {}
    for operation in model.operations:
        output = operation.output
        if isinstance(output, list | tuple) or len(output.shape) != 4:
            continue
        cells = output.shape[1:3]
        if isinstance(operation, layers.InputLayer):
            axes[id(output)] = (Axis(0.0, 1.0, cells[0]), Axis(0.0, 1.0, cells[1]))
        else:
            inputs = operation.input if isinstance(operation.input, list) else [operation.input]
            sources = [axes[id(tensor)] for tensor in inputs if id(tensor) in axes]
            if not sources:
                continue
            axes[id(output)] = tuple(
                _merged([_step(operation, source[i], i, cells[i]) for source in sources])
                for i in range(2)
            )
        if operation.name == layer:
            return axes[id(output)]
    raise ValueError(f"{layer}: not a feature map of this network's input")


def upsample(maps: np.ndarray, axes: tuple[Axis, Axis], size: tuple[int, int]) -> np.ndarray:
    """Interpolate maps of a feature map's size at the pixels of the image.

    Bilinear between the cells' centres; a pixel beyond the outermost centre takes that cell's
    value. No value leaves the range of its map.

    Args:
        maps: float (n, *cells), one value for each cell.
        axes: the two axes, from `feature_axes`.
        size: the image's height and width in pixels.

    Returns:
        float32 (n, height, width).
    """
    rows, columns = (_weights(axis, pixels) for axis, pixels in zip(axes, size, strict=True))
    return np.einsum("hi,nij,wj->nhw", rows, maps, columns, optimize=True).astype(np.float32)


def _weights(axis: Axis, pixels: int) -> np.ndarray:
    """Return each cell's share in each pixel, float64 (pixels, cells); rows sum to 1."""
    position = (np.arange(pixels) - axis.start) / axis.jump
    distance = np.abs(np.clip(position, 0, axis.cells - 1)[:, None] - np.arange(axis.cells))
    return np.clip(1 - distance, 0, None)


def _step(operation: "keras.Operation", source: Axis, i: int, cells: int) -> Axis:
    """Follow one axis (i: 0 vertical, 1 horizontal) through one layer."""
    from keras import layers

    if isinstance(operation, layers.ZeroPadding2D):
        return Axis(source.start - source.jump * operation.padding[i][0], source.jump, cells)
    if isinstance(operation, layers.Cropping2D):
        return Axis(source.start + source.jump * operation.cropping[i][0], source.jump, cells)
    window = getattr(operation, "kernel_size", None) or getattr(operation, "pool_size", None)
    if window and not isinstance(operation, layers.Conv2DTranspose):
        stride = operation.strides[i]
        span = (window[i] - 1) * _dilation(operation)[i]
        missing = (cells - 1) * stride + span + 1 - source.cells
        before = max(missing, 0) // 2 if operation.padding == "same" else 0
        return Axis(source.start + source.jump * (span / 2 - before), source.jump * stride, cells)
    # Elementwise layers keep the grid; anything else is taken to cover the same field evenly.
    ratio = source.cells / cells
    return Axis(source.start + source.jump * (ratio - 1) / 2, source.jump * ratio, cells)


def _dilation(operation: "keras.Operation") -> tuple[int, int]:
    dilation = getattr(operation, "dilation_rate", 1)
    return (dilation, dilation) if isinstance(dilation, int) else dilation


def _merged(sources: list[Axis]) -> Axis:
    """Where branches meet, a cell sits at the mean of their centres."""
    start, jump = np.mean([(source.start, source.jump) for source in sources], axis=0)
    return Axis(float(start), float(jump), sources[0].cells)
