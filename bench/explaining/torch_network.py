"""The handed-over network in PyTorch: a module a layer, run in the order of the graph.

Images lie as (channels, height, width) here. Every activation and pooling is a module of its own,
used once, which is what Captum's and SHAP's DeepLIFT ask of a network.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bench.explaining.exchange import Layer

_ACTIVATIONS = {"linear": nn.Identity, "relu": nn.ReLU, "relu6": nn.ReLU6}


class Graph(nn.Module):
    """A network of one input and one output: images (n, c, h, w) -> logits (n, classes)."""

    def __init__(self, layers: list[Layer], weights: dict[str, np.ndarray]) -> None:
        """Build the modules and take the weights.

        Raises:
            ValueError: a layer's settings have no counterpart here yet.
        """
        super().__init__()
        self.steps = [(layer.name, layer.inputs) for layer in layers]
        reads = {name: step for step, (_, inputs) in enumerate(self.steps) for name in inputs}
        # What nothing reads any more is let go, as in a network written by hand.
        self.done = [
            [name for name, last in reads.items() if last == step] for step in range(len(layers))
        ]
        self.parts = nn.ModuleDict({layer.name: _module(layer, weights) for layer in layers[1:]})
        self.eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Compute the logits."""
        values = {self.steps[0][0]: images}
        for (name, inputs), done in zip(self.steps[1:], self.done[1:], strict=True):
            values[name] = self.parts[name](*[values[source] for source in inputs])
            for source in done:
                del values[source]
        return values[name]

    def has(self, kind: type[nn.Module]) -> bool:
        """Say whether a module of that kind is in the network."""
        return any(isinstance(module, kind) for module in self.modules())


class Affine(nn.Module):
    """Keras' Rescaling, a number a channel."""

    def __init__(self, scale: list[float] | float, offset: list[float] | float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale).reshape(-1, 1, 1))
        self.register_buffer("offset", torch.tensor(offset).reshape(-1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale + self.offset


class FlattenAsKeras(nn.Module):
    """Lay the values out with the channels last, as the dense layer's weights expect."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class Mean(nn.Module):
    """Average over the places."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class Add(nn.Module):
    """Sum what is read."""

    def forward(self, first: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        for other in others:
            first = first + other
        return first


class Concatenate(nn.Module):
    """Put the channels side by side."""

    def forward(self, *parts: torch.Tensor) -> torch.Tensor:
        return torch.cat(parts, 1)


class Padded(nn.Module):
    """Another module after padding that its own cannot express: more at the end than before."""

    def __init__(self, pads: list[int], fill: float, module: nn.Module) -> None:
        super().__init__()
        top, bottom, left, right = pads
        self.pads, self.fill, self.module = (left, right, top, bottom), fill, module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.module(functional.pad(x, self.pads, value=self.fill))


def _module(layer: Layer, weights: dict[str, np.ndarray]) -> nn.Module:
    config = layer.config
    own = {
        name.rpartition("/")[2]: torch.from_numpy(array)
        for name, array in weights.items()
        if name.rpartition("/")[0] == layer.name
    }
    if layer.kind in ("Conv2D", "DepthwiseConv2D"):
        return _activated(_convolution(layer, own), config["activation"])
    if layer.kind == "Dense":
        kernel = own["kernel"]
        dense = nn.Linear(*kernel.shape, bias="bias" in own)
        _fill(dense, kernel.T, own.get("bias"))
        return _activated(dense, config["activation"])
    if layer.kind == "BatchNormalization":
        return _batch_norm(own, config["epsilon"])
    if layer.kind == "MaxPooling2D":
        symmetric, pads = _symmetric(config["pads"])
        pool = nn.MaxPool2d(tuple(config["pool_size"]), tuple(config["strides"]), symmetric)
        return Padded(pads, -torch.inf, pool) if any(pads) else pool
    if layer.kind == "ZeroPadding2D":
        (top, bottom), (left, right) = config["padding"]
        return nn.ZeroPad2d((left, right, top, bottom))
    if layer.kind == "Rescaling":
        return Affine(config["scale"], config["offset"])
    if layer.kind == "Activation":
        return _ACTIVATIONS[config["activation"]]()
    if layer.kind == "Concatenate" and config["axis"] not in (-1, 3):
        raise ValueError(f"layer '{layer.name}': only channels can be concatenated")
    return {
        "Identity": nn.Identity,
        "Dropout": nn.Dropout,
        "Flatten": FlattenAsKeras,
        "GlobalAveragePooling2D": Mean,
        "Add": Add,
        "Concatenate": Concatenate,
    }[layer.kind]()


def _convolution(layer: Layer, own: dict[str, torch.Tensor]) -> nn.Module:
    kernel = own["kernel"]  # (height, width, channels, filters)
    depthwise = layer.kind == "DepthwiseConv2D"
    channels = kernel.shape[2] * layer.config.get("groups", 1)
    filters = channels * kernel.shape[3] if depthwise else kernel.shape[3]
    symmetric, pads = _symmetric(layer.config["pads"])
    convolution = nn.Conv2d(
        channels,
        filters,
        tuple(kernel.shape[:2]),
        stride=tuple(layer.config["strides"]),
        padding=symmetric,
        dilation=tuple(layer.config["dilation_rate"]),
        groups=channels if depthwise else layer.config["groups"],
        bias="bias" in own,
    )
    kernel = kernel.permute(2, 3, 0, 1) if depthwise else kernel.permute(3, 2, 0, 1)
    _fill(convolution, kernel.reshape(convolution.weight.shape), own.get("bias"))
    return Padded(pads, 0.0, convolution) if any(pads) else convolution


def _batch_norm(own: dict[str, torch.Tensor], epsilon: float) -> nn.Module:
    channels = len(own["moving_mean"])
    norm = nn.BatchNorm2d(channels, eps=epsilon)
    _fill(norm, own.get("gamma", torch.ones(channels)), own.get("beta", torch.zeros(channels)))
    norm.running_mean.copy_(own["moving_mean"])
    norm.running_var.copy_(own["moving_variance"])
    return norm


def _symmetric(pads: list[int]) -> tuple[tuple[int, int], list[int]]:
    """Return padding that a module can do by itself, and what must be padded before it."""
    top, bottom, left, right = pads
    return ((top, left), [0] * 4) if (top, left) == (bottom, right) else ((0, 0), pads)


def _activated(module: nn.Module, activation: str) -> nn.Module:
    return module if activation == "linear" else nn.Sequential(module, _ACTIVATIONS[activation]())


def _fill(module: nn.Module, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
    with torch.no_grad():
        module.weight.copy_(weight)
        if bias is not None:
            module.bias.copy_(bias)
