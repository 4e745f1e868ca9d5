"""One network in two frameworks: written by Keras, read by anyone with NumPy.

A folder holds network.json (layers in the order of the graph), weights.npz (`<layer>/<variable>`)
and inputs.npz (images, targets, a background, and the logits that every side must get).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

# What of a layer's configuration says what it computes; the rest is about training it.
_KEPT = {
    "InputLayer": (),
    "Identity": (),
    "Dropout": (),
    "Flatten": (),
    "Add": (),
    "GlobalAveragePooling2D": (),
    "ZeroPadding2D": ("padding",),
    "Rescaling": ("scale", "offset"),
    "Activation": ("activation",),
    "Concatenate": ("axis",),
    "Dense": ("activation",),
    "BatchNormalization": ("epsilon",),
    "Conv2D": ("activation", "strides", "padding", "dilation_rate", "groups", "kernel_size"),
    "DepthwiseConv2D": ("activation", "strides", "padding", "dilation_rate", "kernel_size"),
    "MaxPooling2D": ("strides", "padding", "pool_size"),
}


@dataclass(frozen=True)
class Layer:
    """A layer of a flat network whose images lie as (height, width, channels).

    inputs: names of the layers it reads. config: as Keras gives it; for what slides a window, also
    `pads` (top, bottom, left, right), which is what padding "same" comes to at this size.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    config: dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What is explained.

    images: float32 (n, height, width, channels) in [0, 1]. targets: int64 (n,), the greatest logit
    of each, which is the one that the libraries explain fastest. background: float32, some other
    images. logits: float32 (n, classes), of the images. layer: whose maps Grad-CAM weighs.
    values: how many numbers the layers' outputs of one image are.
    """

    images: np.ndarray
    targets: np.ndarray
    background: np.ndarray
    logits: np.ndarray
    layer: str
    values: int


def layers_of(model: Any) -> list[Layer]:
    """Describe a flat functional Keras network of one input and one output.

    Raises:
        ValueError: a layer is of a kind that cannot be handed over yet.
    """
    made_by = {id(layer.output): layer.name for layer in model.operations}
    described = []
    for layer in model.operations:
        kind = type(layer).__name__
        if kind not in _KEPT:
            raise ValueError(f"layer '{layer.name}': bench.explain cannot hand over a {kind}")
        source = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = () if kind == "InputLayer" else tuple(made_by[id(tensor)] for tensor in source)
        given = layer.get_config()
        config = {key: given[key] for key in _KEPT[kind]}
        if "padding" in config and kind != "ZeroPadding2D":
            window = config.get("kernel_size") or config["pool_size"]
            config["pads"] = _pads(source[0].shape[1:3], window, config)
        described.append(Layer(layer.name, kind, inputs, config))
    return described


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """Return `<layer>/<variable>` -> float32 array, in Keras' own arrangement."""
    return {
        f"{layer.name}/{variable.name}": np.asarray(variable.numpy(), np.float32)
        for layer in model.layers
        for variable in layer.weights
        if variable.dtype != "uint32"  # a generator's state is no weight
    }


def write(folder: Path, layers: list[Layer], weights: dict[str, np.ndarray], to: Inputs) -> None:
    """Write a network and what is explained into a folder."""
    arrays = asdict(to)
    settings = {key: arrays.pop(key) for key in ("layer", "values")}
    content = {"layers": [asdict(layer) for layer in layers], **settings}
    (folder / "network.json").write_text(json.dumps(content, indent=1))
    np.savez(folder / "weights.npz", allow_pickle=False, **weights)
    np.savez(folder / "inputs.npz", **arrays)


def read(folder: Path) -> tuple[list[Layer], dict[str, np.ndarray], Inputs]:
    """Read what `write` wrote."""
    content = json.loads((folder / "network.json").read_text())
    layers = [
        Layer(**{**layer, "inputs": tuple(layer["inputs"])}) for layer in content.pop("layers")
    ]
    with (
        np.load(folder / "weights.npz", allow_pickle=False) as weights,
        np.load(folder / "inputs.npz", allow_pickle=False) as arrays,
    ):
        return layers, dict(weights), Inputs(**arrays, **content)


def require_same(side: str, logits: np.ndarray, expected: np.ndarray) -> None:
    """Refuse a side whose network is another: its times would say nothing.

    Args:
        side: its name, for the message.
        logits: float32 (n, classes), as it computes them.
        expected: float32 (n, classes), the project's.

    Raises:
        RuntimeError: a logit is off by more than 1e-4 of the greatest.
    """
    off = float(np.abs(logits - expected).max() / np.abs(expected).max())
    if not off < 1e-4:
        raise RuntimeError(f"{side}: its logits are off by {off:.1e} of the greatest")


def _pads(size: tuple[int, int], window: tuple[int, int], config: dict) -> list[int]:
    """Return what padding adds above, below, left and right: the larger half comes last."""
    if config["padding"] == "valid":
        return [0, 0, 0, 0]
    pads = []
    dilations = config.get("dilation_rate", (1, 1))
    for length, extent, stride, rate in zip(
        size, window, config["strides"], dilations, strict=True
    ):
        reach = (extent - 1) * rate + 1
        missing = max((-(-length // stride) - 1) * stride + reach - length, 0)
        pads += [missing // 2, missing - missing // 2]
    return pads
