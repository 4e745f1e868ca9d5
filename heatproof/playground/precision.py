"""In how many bits a network's weights are kept for the live page, and what rounding changes.

The finest of these that fits: float32, which changes nothing; float16; int8 with a scale of its own
for each column of a matrix, so for each filter of a convolution (Jacob et al. 2017,
https://arxiv.org/abs/1712.05877, section 2). Biases and normalisations stay float32.
"""

import base64
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from heatproof.attribution.cam import gradcam
from heatproof.attribution.core.feature_maps import LAST, feature_layer, feature_maps
from heatproof.attribution.core.network import Network
from heatproof.derived import fake_quantisation
from heatproof.playground.operations import Operation

Stored = Literal["float32", "float16", "int8"]
STORED: tuple[Stored, ...] = ("float32", "float16", "int8")


@dataclass(frozen=True)
class Packed:
    """Weights as the engine reads them.

    arrays: of each its `type`, `length`, and for int8 `columns`, how many scales come before it.
    content: their bytes, little-endian, one after the other.
    """

    arrays: list[dict[str, Any]]
    content: bytes

    @property
    def text(self) -> str:
        """The bytes in base64."""
        return base64.b64encode(self.content).decode()


def packed(arrays: list[np.ndarray], stored: Stored) -> Packed:
    """Pack float32 arrays; matrices as `stored` says, and what has one dimension as float32."""
    described: list[dict[str, Any]] = []
    content = []
    for array in arrays:
        kind = stored if array.ndim > 1 else "float32"
        facts = {"type": kind, "length": array.size}
        if kind == "int8":
            numbers, scales = fake_quantisation.rounded(array, 8, axis=-1)
            content += [scales.astype("<f4").tobytes(), numbers.tobytes()]
            facts["columns"] = len(scales)
        else:
            content.append(array.astype("<f2" if kind == "float16" else "<f4").tobytes())
        described.append(facts)
    return Packed(described, b"".join(content))


def rounded(array: np.ndarray, stored: Stored) -> np.ndarray:
    """Return a float32 array as it is after it was packed and unpacked."""
    if array.ndim < 2 or stored == "float32":
        return array
    if stored == "float16":
        return array.astype(np.float16).astype(np.float32)
    numbers, scales = fake_quantisation.rounded(array, 8, axis=-1)
    return numbers.astype(np.float32) * scales


def rounded_network(network: Network, steps: list[Operation], stored: Stored) -> Network:
    """Return a network whose weights are those that are left after packing."""
    other = Network(network.trained)
    for step in steps:
        if step.weights is not None and step.weights.ndim > 1:
            layer = other.model.get_layer(step.name.partition(" before ")[0])
            layer.kernel.assign(rounded(step.weights, stored).reshape(layer.kernel.shape))
    return other


def moved(network: Network, other: Network, images: np.ndarray) -> dict[str, Any]:
    """Measure how far rounding moves what a network says.

    Args:
        network: as it was trained.
        other: with rounded weights.
        images: float32 (n, height, width, channels) in [0, 1].

    Returns:
        `images`, how many; `logits`, the largest difference; `gradcam`, the largest difference of
        Grad-CAM's maps of the predicted class, as a share of the map's maximum, None where there is
        none; `same_predictions`, of how many images.
    """
    if other is network:
        grid = 0.0 if feature_maps(network.model) else None
        count = len(images)
        return {"images": count, "logits": 0.0, "same_predictions": count, "gradcam": grid}
    logits, rounded_logits = network.logits(images), other.logits(images)
    targets = logits.argmax(axis=1)
    difference: dict[str, Any] = {
        "images": len(images),
        "logits": float(np.abs(logits - rounded_logits).max(initial=0)),
        "same_predictions": int((rounded_logits.argmax(axis=1) == targets).sum()),
        "gradcam": None,
    }
    if feature_maps(network.model):
        layer = feature_layer(network.model, LAST)
        maps, others = (
            gradcam.gradcam(each, images, targets, layer).maps for each in (network, other)
        )
        largest = np.maximum(maps.max(axis=(1, 2), initial=0), np.finfo(np.float32).tiny)
        apart = np.abs(maps - others).max(axis=(1, 2), initial=0) / largest
        shown = maps.max(axis=(1, 2), initial=0) > 0
        difference["gradcam"] = float(apart[shown].max(initial=0))
    return difference
