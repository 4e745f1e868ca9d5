"""Removing filters of a flat network, so that it becomes smaller: Li et al. 2017,
https://arxiv.org/abs/1608.08710.

A filter is an output channel of a convolution, or a unit of a dense layer. Whoever reads the
channel loses the weights for it: the next convolution, batch normalisation, a depthwise kernel, and
after flattening a dense layer, at each of its places. What is added up (a residual block) has the
same channels in all summands, which are therefore removed together.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np

from heatproof.run.errors import UserError
from heatproof.statistics.numbers import listing

Scope = Literal["layer", "global"]

# Layers that give each channel by itself on, whatever they do to its values.
_BY_CHANNEL = (
    "Activation", "AveragePooling2D", "Cropping2D", "Dropout", "ELU", "GaussianNoise",
    "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Identity", "LeakyReLU", "MaxPooling2D", "ReLU",
    "SpatialDropout2D", "UpSampling2D", "ZeroPadding2D",
)  # fmt: skip
_MERGING = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")


@dataclass
class _Channels:
    """What every tensor's last axis is made of: channels, by number.

    home: channel -> the one that it is removed with, in the end that of its group. makers: channel
    -> the layer and the place among its filters, where a filter makes it. stays: channels that
    cannot be removed -> the layer that needs them. of: id of a tensor -> int64 (c,), its channels,
    which may come several times.
    """

    home: list[int] = field(default_factory=list)
    makers: dict[int, tuple[str, int]] = field(default_factory=dict)
    stays: dict[int, str] = field(default_factory=dict)
    of: dict[int, np.ndarray] = field(default_factory=dict)

    def fresh(self, count: int, maker: str | None = None) -> np.ndarray:
        """Return new channels, which are filters of the layer `maker`, if given."""
        first = len(self.home)
        self.home += range(first, first + count)
        if maker is not None:
            self.makers |= {first + place: (maker, place) for place in range(count)}
        return np.arange(first, first + count)

    def root(self, channel: int) -> int:
        """Return the channel that stands for the group of a channel."""
        while self.home[channel] != channel:
            self.home[channel] = channel = self.home[self.home[channel]]
        return channel

    def join(self, one: np.ndarray, other: np.ndarray) -> None:
        """Have channels at the same places removed together."""
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            self.home[self.root(b)] = self.root(a)

    def keep(self, channels: np.ndarray, layer: str) -> None:
        """Have channels stay, because a layer needs them as they are."""
        for channel in channels.tolist():
            self.stays.setdefault(channel, layer)


@dataclass(frozen=True)
class FilterGroup:
    """Filters that are removed together, one of each of some layers, or several.

    filters: pairs of a layer's name and a place among its filters. channels: that go with them.
    """

    filters: tuple[tuple[str, int], ...]
    channels: tuple[int, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.filters))


def without_filters(model: keras.Model, share: float, scope: Scope) -> keras.Model:
    """Copy a network without those of its filters whose weights are smallest.

    Args:
        model: a flat functional network of one input, whose output stays whole.
        share: of the filters that can be removed, rounded down. One of each group of layers stays.
        scope: `layer` removes the share of every layer, by the sum of absolute weights, as in the
            paper; of layers that are added up the sum over all of them counts. `global` removes it
            of the whole network, by the mean absolute weight, which does not depend on a filter's
            size.

    Returns:
        A network of the same layers and names, with the weights that are left; nothing is shared.

    Raises:
        UserError: no filter can be removed; or so few can that the share is none of them.
    """
    channels = _channels(model)
    groups = _groups(model, channels)
    removed = _smallest(model, groups, share, scope)
    if not removed:
        raise UserError(
            f"{model.name}: {share:.1%} of its {len(groups)} removable filters are none"
            f"{_barred(channels)}; give a larger share, or prune single weights "
            "(structure: weights)"
        )
    gone = {channel for group in removed for channel in group.channels}
    kept = {key: ~np.isin(each, sorted(gone)) for key, each in channels.of.items()}
    return _rebuilt(model, kept)


def removable_filters(model: keras.Model) -> list[FilterGroup]:
    """Return the filters of a flat network that can be removed, in the order of its layers."""
    return _groups(model, _channels(model))


def _channels(model: keras.Model) -> _Channels:
    """Follow every channel through a network."""
    channels = _Channels()
    for layer in model.operations:
        read = [channels.of[id(tensor)] for tensor in _read(layer)]
        for tensor, given in zip(_written(layer), _given(layer, read, channels), strict=True):
            channels.of[id(tensor)] = given
    for tensor in model.outputs:
        channels.keep(channels.of[id(tensor)], "its output")
    return channels


def _given(layer: Any, read: list[np.ndarray], channels: _Channels) -> list[np.ndarray]:
    """Return the channels of each tensor that a layer gives."""
    kind, names = type(layer).__name__, {each.__name__ for each in type(layer).__mro__}
    if isinstance(layer, keras.layers.InputLayer):
        given = channels.fresh(layer.output.shape[-1])
        channels.keep(given, "the image")
        return [given]
    if not _used_once(layer) or not _channels_last(layer):
        pass
    elif _makes_filters(layer):
        return [channels.fresh(layer.output.shape[-1], layer.name)]
    elif isinstance(layer, keras.layers.DepthwiseConv2D):
        return [np.repeat(read[0], layer.depth_multiplier)]
    elif isinstance(layer, keras.layers.BatchNormalization):
        if layer.axis in (-1, len(layer.output.shape) - 1):
            return read
    elif kind in _BY_CHANNEL:
        if getattr(getattr(layer, "activation", None), "__name__", "") not in (
            "softmax", "log_softmax",
        ):  # fmt: skip
            return read
    elif isinstance(layer, keras.layers.Rescaling):
        if np.ndim(layer.scale) == np.ndim(layer.offset) == 0:
            return read
    elif isinstance(layer, keras.layers.Flatten):
        return [np.tile(read[0], math.prod(layer.input.shape[1:-1]))]
    elif isinstance(layer, keras.layers.Concatenate):
        if layer.axis in (-1, len(layer.output.shape) - 1):
            return [np.concatenate(read)]
    elif names & set(_MERGING) and len({len(tensor.shape) for tensor in layer.input}) == 1:
        return [_merged(layer.name, read, channels)]
    for each in read:
        channels.keep(each, f"'{layer.name}' ({kind})")
    given = [channels.fresh(tensor.shape[-1] or 1) for tensor in _written(layer)]
    for each in given:
        channels.keep(each, f"'{layer.name}' ({kind})")
    return given


def _merged(name: str, read: list[np.ndarray], channels: _Channels) -> np.ndarray:
    """Join the channels of a sum, or of another merge; one channel for all joins none."""
    widest = max(read, key=len)
    for each in read:
        if len(each) < len(widest):  # as a gate of places has
            channels.keep(each, f"'{name}'")
        else:
            channels.join(widest, each)
    return widest


def _groups(model: keras.Model, channels: _Channels) -> list[FilterGroup]:
    members: dict[int, list[int]] = {}
    for channel in range(len(channels.home)):
        members.setdefault(channels.root(channel), []).append(channel)
    return [
        FilterGroup(tuple(channels.makers[c] for c in each if c in channels.makers), tuple(each))
        for each in members.values()
        if not any(channel in channels.stays for channel in each)
    ]


def _smallest(
    model: keras.Model, groups: list[FilterGroup], share: float, scope: Scope
) -> list[FilterGroup]:
    """Return the groups to be removed; of every set of layers the largest stays."""
    kernels = {name: _kernel(model, name) for name in {n for g in groups for n in g.layers}}
    sums = {
        name: np.abs(each).reshape(-1, each.shape[-1]).sum(axis=0) for name, each in kernels.items()
    }
    sizes = {name: each[..., 0].size for name, each in kernels.items()}

    def magnitude(group: FilterGroup) -> float:
        total = float(sum(sums[name][place] for name, place in group.filters))
        return total if scope == "layer" else total / sum(sizes[name] for name, _ in group.filters)

    # Of equal ones the first goes: sorting keeps their order.
    ranked = sorted(groups, key=magnitude)
    of_layers = Counter(group.layers for group in groups)
    quota = {layers: math.floor(share * count) for layers, count in of_layers.items()}
    left, wanted, removed = dict(of_layers), math.floor(share * len(groups)), []
    for group in ranked:
        among = group.layers
        if left[among] == 1 or (scope == "global" and len(removed) == wanted):
            continue
        if scope == "layer" and of_layers[among] - left[among] == quota[among]:
            continue
        left[among] -= 1
        removed.append(group)
    return removed


def _rebuilt(model: keras.Model, kept: Mapping[int, np.ndarray]) -> keras.Model:
    """Copy a network with the channels of each tensor that are kept, bool (c,)."""

    def resized(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if _makes_filters(layer):
            size = "units" if isinstance(layer, keras.layers.Dense) else "filters"
            config[size] = int(kept[id(layer.output)].sum())
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=resized)
    for layer in model.layers:
        if not layer.weights:
            continue
        values = [keras.ops.convert_to_numpy(weight) for weight in layer.weights]
        if _makes_filters(layer):
            read, given = kept[id(layer.input)], kept[id(layer.output)]
            values = [values[0][..., read, :][..., given], *(each[given] for each in values[1:])]
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            read, given = kept[id(layer.input)], kept[id(layer.output)]
            values = [values[0][:, :, read], *(each[given] for each in values[1:])]
        elif isinstance(layer, keras.layers.BatchNormalization):
            values = [each[kept[id(layer.output)]] for each in values]
        copy.get_layer(layer.name).set_weights(values)
    return copy


def _makes_filters(layer: Any) -> bool:
    """Say whether a layer's output channels are filters that can be taken one by one."""
    return isinstance(layer, keras.layers.Dense) or (
        isinstance(layer, keras.layers.Conv2D) and layer.groups == 1
    )


def _kernel(model: keras.Model, name: str) -> np.ndarray:
    return keras.ops.convert_to_numpy(model.get_layer(name).kernel)


def _channels_last(layer: Any) -> bool:
    return getattr(layer, "data_format", "channels_last") in (None, "channels_last")


def _used_once(layer: Any) -> bool:
    return len(layer._inbound_nodes) == 1


def _read(layer: Any) -> list[Any]:
    if isinstance(layer, keras.layers.InputLayer):
        return []
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _written(layer: Any) -> list[Any]:
    return list(layer.output) if isinstance(layer.output, list | tuple) else [layer.output]


def _barred(channels: _Channels) -> str:
    """Say which layers keep filters from being removed."""
    filters = {channels.root(channel) for channel in channels.makers}
    needing = [n for c, n in channels.stays.items() if channels.root(c) in filters]
    names = list(dict.fromkeys(needing))
    return f" ({listing(names[:5])} need theirs whole)" if names else ""
