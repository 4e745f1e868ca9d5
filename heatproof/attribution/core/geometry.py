"""Where a feature map lies on the image, and how it is brought to the image's size.

A class activation map has the size of a feature map. To lay it over the image, each of its cells is
put at the middle of the pixels it stands for, and the pixels between the cells' middles are
interpolated bilinearly. Where every layer covers its whole input (padding `same`) this is the
common resize with half-pixel centres ("align_corners=False"). Two things make that resize wrong,
and are followed here layer by layer:

- padding and cropping layers: 28x28 pixels in a 32x32 network make a map of the padded field, of
  which only the middle is image;
- unpadded (`valid`) windows: the map covers its input without the rim.

A strided `same` window is taken to cover its input evenly, although TensorFlow pads an even side at
the end only, which puts a 3x3 window's middle half a pixel further (Araujo et al. 2019,
https://distill.pub/2019/computing-receptive-fields). Over mobilenet_v2's four strides that adds up
to 7.5 pixels, but a trained network does not look where the window's middle is: where a planted 6x6
patch decided the class (300 test images, one network), the maps lay 7.6 pixels from the patch with
the even grid and 8.1 with the shifted one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.graph import inputs_of
from heatproof.attribution.core.token_grids import token_grids

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Axis:
    """One axis of a feature map: cell i is centred at pixel `start + i * jump` of the image."""

    start: float
    jump: float
    cells: int


def feature_axes(model: "keras.Model", layer: str) -> tuple[Axis, Axis]:
    """Return the vertical and the horizontal axis of `layer`'s output on the model's input.

    Args:
        model: a flat functional network of one image input, (height, width, channels).
        layer: the name of a layer whose output is (height, width, channels), or tokens of a grid.

    Raises:
        ValueError: the layer's output is not made from the input through feature maps alone.
    """
    from keras import layers

    axes: dict[int, tuple[Axis, Axis]] = {}
    grids = token_grids(model)
    for operation in model.operations:
        output = operation.output
        if id(output) in grids:  # a grid's places stay where they are
            known = [axes[id(t)] for t in inputs_of(operation) if id(t) in axes]
            axes |= {id(output): each for each in known[:1]}
            if operation.name == layer and known:
                return known[0]
            continue
        if isinstance(output, list | tuple) or len(output.shape) != 4:
            continue
        cells = output.shape[1:3]
        if isinstance(operation, layers.InputLayer):
            axes[id(output)] = (Axis(0.0, 1.0, cells[0]), Axis(0.0, 1.0, cells[1]))
        else:
            # A gate of one cell stands beside every cell of the map that it is multiplied with.
            read = [t for t in inputs_of(operation) if len(t.shape) == 4]
            most = max((t.shape[1] * t.shape[2] for t in read), default=0)
            sources = [
                axes[id(t)] for t in read if id(t) in axes and t.shape[1] * t.shape[2] == most
            ]
            if not sources:
                continue
            rows, columns = (
                _merged([_step(operation, source[i], i, cells[i]) for source in sources])
                for i in range(2)
            )
            axes[id(output)] = (rows, columns)
        if operation.name == layer:
            return axes[id(output)]
    raise ValueError(f"{layer}: not a feature map of this network's input")


def interpolation(axis: Axis, pixels: int) -> np.ndarray:
    """Return each cell's share in each pixel, float64 (pixels, cells); rows sum to 1.

    Bilinear between the cells' centres; a pixel beyond the outermost centre takes that cell's
    value.
    """
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
    if window and operation.padding == "valid" and cells <= source.cells:
        span = (window[i] - 1) * _dilation(operation)[i]
        jump = source.jump * operation.strides[i]
        return Axis(source.start + source.jump * span / 2, jump, cells)
    # Elementwise layers keep the grid; all others are taken to cover the same field evenly.
    ratio = source.cells / cells
    return Axis(source.start + source.jump * (ratio - 1) / 2, source.jump * ratio, cells)


def _dilation(operation: "keras.Operation") -> tuple[int, int]:
    dilation = getattr(operation, "dilation_rate", 1)
    return (dilation, dilation) if isinstance(dilation, int) else dilation


def _merged(sources: list[Axis]) -> Axis:
    """Where branches meet, a cell sits at the mean of their centres."""
    start, jump = np.mean([(source.start, source.jump) for source in sources], axis=0)
    return Axis(float(start), float(jump), sources[0].cells)
