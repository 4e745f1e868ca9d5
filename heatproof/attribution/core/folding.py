"""Batch normalisation folded away: the same function of the image, in fewer steps.

In inference a batch normalisation is y = x * scale + shift with fixed numbers per channel. Where it
follows a convolution or a dense layer that nothing else reads, these go into that layer's kernel
and bias (Jacob et al. 2017, https://arxiv.org/abs/1712.05877, section 3.2), and the layer that was
the normalisation passes its input on. So it is with layer scale (Touvron et al. 2021,
https://arxiv.org/abs/2103.17239), which has a factor alone. Maxima of windows may stand in between
where the factor is positive whatever is learned, as of a normalisation without gamma. Elsewhere
they stay as they are: what pads with zeros in between would pad with the shift. Layer names stay.

A convolution in as many groups as channels becomes a depthwise one, which it is: TensorFlow has no
gradient of groups on a CPU, so that Keras compiles them with XLA, many times slower. A rescaling of
pixels becomes one that does the same row by row (`models.rescaling`), a layer normalisation one
whose gradient is written out (`models.layer_normalisation`), and attention the steps that it is
made of (`models.attention_parts`).

Explaining needs this twice: layer-wise relevance propagation is defined for linear layers and
activations only, and a network without the extra operations is explained faster.
"""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution.core.graph import inputs_of

if TYPE_CHECKING:
    import keras

# The kind of the layer in keras.applications' ConvNeXt, which Keras does not export.
LAYER_SCALE = "LayerScale"


def folded(model: "keras.Model", dtype: str = "float32") -> "keras.Model":
    """Return a network with the same layer names and logits, normalisations folded away.

    It shares no weights with `model`; `copy_folded` fills it, also later with other weights.

    Args:
        model: a flat functional network of Keras' own layers.
        dtype: of what the copy holds and computes, however the weights were trained.
    """
    import keras

    from heatproof.models.attention_parts import is_split, split
    from heatproof.models.layer_normalisation import LayerNormalization
    from heatproof.models.rescaling import Rescaling

    homes = _homes(model)
    attending = {id(layer) for layer in model.layers if is_split(layer)}
    biased = {layer.name for targets in homes.values() for layer, _ in targets}

    def rebuilt(layer: "keras.layers.Layer") -> "keras.layers.Layer":
        if id(layer) in attending:
            return layer
        config = layer.get_config()
        if homes.get(layer.name):
            return keras.layers.Identity(name=layer.name, dtype=dtype)
        if layer.name in biased:
            config["use_bias"] = True
        if not isinstance(layer, keras.layers.InputLayer):
            config["dtype"] = dtype
        if _is_depthwise(layer):
            return _as_depthwise(config, layer.input.shape[-1])
        if isinstance(layer, keras.layers.Rescaling):
            return Rescaling.from_config(config)
        if type(layer) is keras.layers.LayerNormalization:
            return LayerNormalization.from_config(config)
        return type(layer).from_config(config)

    def called(layer: "keras.layers.Layer", *inputs: Any, **options: Any) -> Any:
        if id(layer) in attending:
            return split(layer, dtype, *inputs, **options)
        # What a normalisation is called with besides its input (a mask) means nothing to another.
        return (
            layer(*inputs)
            if isinstance(layer, keras.layers.Identity)
            else layer(*inputs, **options)
        )

    copy = keras.models.clone_model(model, clone_function=rebuilt, call_function=called)
    copy_folded(model, copy, dtype)
    return copy


def copy_folded(model: "keras.Model", copy: "keras.Model", dtype: str = "float32") -> None:
    """Put `model`'s weights into `copy`, which `folded` made of a network of the same layers.

    dtype: what they are multiplied in, and rounded to: that of the copy.
    """
    import keras

    from heatproof.models.attention_parts import is_split, parts_weights

    weights: dict[str, list[np.ndarray]] = {
        layer.name: [np.asarray(keras.ops.convert_to_numpy(w), dtype) for w in layer.weights]
        for layer in model.layers
    }
    for layer in filter(is_split, model.layers):
        weights |= parts_weights(layer, dtype)
    for name, homes in _homes(model).items():
        if not homes:
            continue
        del weights[name]
        scale, shift = scale_and_shift(model.get_layer(name), dtype)
        for home, channels in homes:
            kernel = weights[home.name][0]
            bias = weights[home.name][1] if home.use_bias else np.zeros_like(scale[channels])
            if isinstance(home, keras.layers.DepthwiseConv2D):
                factor = scale[channels].reshape(kernel.shape[2:])
            else:
                factor = scale[channels]
            weights[home.name] = [kernel * factor, bias * scale[channels] + shift[channels]]
    for layer in copy.layers:
        if layer.weights:  # a depthwise kernel has another shape than one in groups
            values = zip(weights[layer.name], layer.weights, strict=True)
            layer.set_weights([value.reshape(weight.shape) for value, weight in values])


def factors(model: "keras.Model") -> dict[str, np.ndarray]:
    """Return what folding multiplies layers' kernels by.

    Returns:
        layer name -> float32 (its output channels,), where a normalisation is folded into it.
    """
    scales = {}
    for name, homes in _homes(model).items():
        for home, channels in homes:
            scales[home.name] = scale_and_shift(model.get_layer(name))[0][channels]
    return scales


def scale_and_shift(
    layer: "keras.layers.Layer", dtype: str = "float32"
) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch normalisation's factor and summand in inference, (channels,) each.

    Of a layer scale too, whose summand is zero.
    """
    from keras import ops

    if type(layer).__name__ == LAYER_SCALE:
        scale = ops.convert_to_numpy(layer.gamma).astype(dtype)
        return scale, np.zeros_like(scale)
    mean, variance = (
        ops.convert_to_numpy(value).astype(np.float64)
        for value in (layer.moving_mean, layer.moving_variance)
    )
    scale = 1 / np.sqrt(variance + layer.epsilon)
    if layer.scale:
        scale = scale * ops.convert_to_numpy(layer.gamma)
    shift = -mean * scale
    if layer.center:
        shift = shift + ops.convert_to_numpy(layer.beta)
    return scale.astype(dtype), shift.astype(dtype)


def _homes(model: "keras.Model") -> dict[str, list[tuple[Any, slice]]]:
    """Say for each batch normalisation and layer scale who takes its numbers in, which channels.

    Returns:
        name of the normalisation -> pairs of a layer and its slice of the channels; none where
        some channel has no such layer.
    """
    import keras

    made_by = {id(layer.output): layer for layer in model.layers if _single(layer)}
    readers = Counter(id(t) for operation in model.operations for t in inputs_of(operation))
    readers.update(map(id, model.outputs))  # what is read outside must stay as it is

    def homes(tensor: Any, start: int, rises: bool) -> list[tuple[Any, slice]] | None:
        layer = made_by.get(id(tensor))
        if layer is None or readers[id(tensor)] > 1:
            return None
        if rises and isinstance(layer, keras.layers.MaxPooling2D):
            return homes(layer.input, start, rises)
        if isinstance(layer, keras.layers.Concatenate):
            if layer.axis not in (-1, len(tensor.shape) - 1):
                return None
            folds: list[tuple[Any, slice]] = []
            for part in layer.input:
                inner = homes(part, start, rises)
                if inner is None:
                    return None
                folds += inner
                start += part.shape[-1]
            return folds
        linear = isinstance(
            layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.Dense
        )
        if not linear or layer.activation is not keras.activations.linear:
            return None
        return [(layer, slice(start, start + tensor.shape[-1]))]

    return {
        layer.name: (
            _of_channels(layer) and homes(layer.input, 0, rises=not getattr(layer, "scale", True))
        )
        or []
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) or type(layer).__name__ == LAYER_SCALE
    }


def _of_channels(layer: "keras.layers.Layer") -> bool:
    return getattr(layer, "axis", -1) in (-1, len(layer.input.shape) - 1)


def _is_depthwise(layer: "keras.layers.Layer") -> bool:
    """Say whether it is a convolution of each channel by itself, written as one in groups."""
    import keras

    return (
        isinstance(layer, keras.layers.Conv2D)
        and 1 < layer.groups == layer.input.shape[-1]
        and layer.data_format == "channels_last"
        and len(set(layer.strides)) == 1
    )


def _as_depthwise(config: dict[str, Any], channels: int) -> "keras.layers.Layer":
    """Make the depthwise convolution of one in groups: the same order of channels and weights."""
    import keras

    names = ("name", "dtype", "kernel_size", "strides", "padding", "dilation_rate", "use_bias",
             "activation")  # fmt: skip
    return keras.layers.DepthwiseConv2D(
        depth_multiplier=config["filters"] // channels, **{name: config[name] for name in names}
    )


def _single(layer: "keras.layers.Layer") -> bool:
    return not isinstance(layer.output, list | tuple)
