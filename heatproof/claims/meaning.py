"""What a figure that does not hold would have to mean: computed from the network, in a sentence."""

import importlib
from functools import partial
from typing import Any

from heatproof.claims import parameters
from heatproof.claims.wording import amount, listed

_COUNTS = {
    "mobilenet_v2": parameters.mobilenet_v2,
    "efficient_cnn": parameters.efficient_cnn,
    "vgg_cnn": parameters.vgg_cnn,
}


def of_parameters(
    architecture: str, network: Any, shape: tuple[int, int, int], measured: int, published: float
) -> str:
    """Say which changes of a network would bring its weights to, or near, a published number.

    Args:
        architecture: its module's name in heatproof/models/architectures.
        network: its block of params.yaml.
        shape: height of the images, their channels, and how many classes.
        measured: how many weights it has.
        published: how many it is said to have.
    """
    plain = f"The network as described has {amount(measured)} parameters"
    count = _COUNTS.get(architecture)
    _, channels, classes = shape
    if count is None or round(count(network, channels, classes)) != measured:
        return f"{plain}; the published figure is {published / measured:.3g} times that."
    widened = partial(count, network, channels, classes)
    times = parameters.width_for(lambda width: widened(width=width), published)
    others = [
        f"{change} would give {amount(number)}"
        for change, number in _variants(architecture, network, shape).items()
    ]
    alternative = f"; {listed(others)}" if others else ""
    return (
        f"{plain}: for {amount(published)} every layer would have to be {times:.3g} times as "
        f"wide{alternative}."
    )


def of_flops(architecture: str, measured: float, published: float) -> str:
    """Say on what images a network would take a published number of operations.

    Nearly all operations are convolutions', which grow with the image's area.
    """
    size = importlib.import_module(f"heatproof.models.architectures.{architecture}").INPUT_SIZE
    counted = (
        f"The network as described takes {amount(measured)}, a multiply-accumulate counted as two "
        "operations (as one, half that)"
    )
    if size is None:
        return f"{counted}; the published figure is {published / measured:.3g} times that."
    side = size * (published / measured) ** 0.5
    return (
        f"{counted}, on {size}×{size} pixels; {amount(published)} would fit images of about "
        f"{side:.0f}×{side:.0f}."
    )


def _variants(architecture: str, network: Any, shape: tuple[int, int, int]) -> dict[str, float]:
    height, channels, classes = shape
    if architecture == "mobilenet_v2":
        blocks = parameters.SEVENTEEN_BLOCKS
        seventeen = parameters.mobilenet_v2(network, channels, classes, blocks=blocks)
        return {"the seventeen blocks of its paper": seventeen}
    if architecture == "efficient_cnn":
        standard = parameters.efficient_cnn(network, channels, classes, separable=False)
        return {"standard convolutions in place of the separable ones": standard}
    side = height
    for _ in range(len(network.blocks) - 1 + network.pool_last):
        side = -(-side // 2)  # pooling with padding rounds up
    flattened = parameters.vgg_cnn(network, channels, classes, places=side**2)
    return {"flattening the last feature maps instead of averaging them": flattened}
