"""How many weights an architecture has, as arithmetic on its block of params.yaml.

So that a published count that the network does not have can be said in terms of the network: how
much wider, or with which other part, it would have to be. Widths may be fractions. Checked in the
tests against what Keras counts.
"""

from collections.abc import Callable
from typing import Any

Count = Callable[..., float]

# Sandler et al. 2018 (https://arxiv.org/abs/1801.04381), table 2, strides left out: they have no
# weights.
SEVENTEEN_BLOCKS = [
    [channels, 1, expansion]
    for expansion, channels, times in (
        *((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)),
    )
    for _ in range(times)
]


def mobilenet_v2(
    network: Any, channels: int, classes: int, width: float = 1.0, blocks: Any = None
) -> float:
    """Count the weights of a mobilenet_v2 whose layers are all `width` times as wide."""
    total, before = _conv(channels, network.stem * width, 3), network.stem * width
    for out, _, expansion in blocks or network.blocks:
        wide = before * expansion
        total += _conv(before, wide, 1) if expansion > 1 else 0
        total += 9 * wide + _norm(wide) + _conv(wide, out * width, 1)
        before = out * width
    total += _conv(before, network.head * width, 1)
    return total + _head(network.head * width, network.dense * width, classes)


def efficient_cnn(
    network: Any, channels: int, classes: int, width: float = 1.0, separable: bool = True
) -> float:
    """Count the weights of an efficient_cnn, or of one with standard 3×3 convolutions in it."""
    branch = network.branch_filters * width
    before = 4 * branch
    total = channels * branch * (1 + 9 + 25 + 1) + _norm(before)
    for filters in network.blocks:
        out = filters * width
        if separable:
            total += 9 * before + _norm(before) + _conv(before, out, 1)
        else:
            total += _conv(before, out, 3)
        before = out
    return total + _head(before, network.dense * width, classes)


def vgg_cnn(
    network: Any, channels: int, classes: int, width: float = 1.0, places: int = 1
) -> float:
    """Count the weights of a vgg_cnn; `places`: positions that the dense layer sees, 1 averaged."""
    total, before = 0.0, float(channels)
    for filters in (filters for block in network.blocks for filters in block):
        out = filters * width
        total += 9 * before * out + (_norm(out) if network.batch_norm else out)
        before = out
    return total + _head(before * places, network.dense * width, classes)


def width_for(count: Callable[[float], float], wanted: float) -> float:
    """Find how many times as wide a network has to be to have `wanted` weights, by bisection.

    Args:
        count: width -> weights, increasing.
        wanted: between count(0.001) and count(1000).
    """
    low, high = 0.001, 1000.0
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if count(middle) < wanted else (low, middle)
    return high


def saved_by_separating(channels: int, blocks: list[int], kernel: int = 3) -> float:
    """The share of weights that depthwise-separable convolutions save, biases and norms apart.

    Args:
        channels: that enter the first block.
        blocks: filters of each.
        kernel: height and width of the filters.

    Returns:
        1 - (k²·c + c·f) / (k²·c·f), the weights of all blocks added up (Howard et al. 2017,
        https://arxiv.org/abs/1704.04861, section 3.1, for weights instead of operations).
    """
    entering = [channels, *blocks[:-1]]
    pairs = list(zip(entering, blocks, strict=True))
    separated = sum(kernel**2 * c + c * f for c, f in pairs)
    return 1 - separated / sum(kernel**2 * c * f for c, f in pairs)


def _conv(before: float, filters: float, kernel: int) -> float:
    """A convolution without bias and its batch normalisation."""
    return kernel**2 * before * filters + _norm(filters)


def _norm(channels: float) -> float:
    return 4 * channels  # scale, offset, moving mean and variance


def _head(before: float, dense: float, classes: int) -> float:
    return (before + 1) * dense + (dense + 1) * classes
