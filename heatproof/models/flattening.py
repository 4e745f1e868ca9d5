"""A Keras network of any making as the flat one that explaining takes: one graph, logits out.

A network from elsewhere holds models within models, convolutions that activate by themselves, and a
softmax at its end. Explaining needs each step as a layer of its own, and logits. What is returned
computes the same, with copies of the weights; the network that was given stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from heatproof.models.operations import as_layer
from heatproof.run.errors import UserError

LOGITS = "logits"

# Layers that activate what they have computed; elsewhere, as in an LSTM, it is part of that.
_ACTIVATE_LAST = (
    keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Conv1D, keras.layers.Conv2D,
    keras.layers.Conv2DTranspose, keras.layers.DepthwiseConv2D,
)  # fmt: skip
# Beside those whose names begin with Random: layers that change nothing but in training.
_TRAINING_ONLY = (
    "StochasticDepth", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization",
    "AugMix", "CutMix", "MixUp", "RandAugment",
)  # fmt: skip


@dataclass
class Flattened:
    """A flat network, and what was done to it.

    model: functional, one image in, float32 logits (n, classes) out. notes: what was changed that
    changes its outputs, in words.
    """

    model: keras.Model
    notes: list[str] = field(default_factory=list)


def flattened(model: keras.Model, shape: tuple[int, ...] | None = None) -> Flattened:
    """Copy a network into one flat functional graph that ends in logits.

    Models within it are replaced by their layers; an activation within a convolution or a dense
    layer becomes a layer of its own; a separable convolution becomes the two that it is made of. A
    layer that acts in training alone, such as a random flip, is left out (dropout stays). A
    softmax at the end is taken off, and a single sigmoid unit, which says how likely the second
    class is, becomes two logits whose softmax says the same.

    Args:
        model: functional or sequential, built, of one image input (height, width, channels) and
            one output (classes,).
        shape: height, width and channels of its images, if it takes images of any size.

    Raises:
        UserError: it is of another kind, has not one input of images and one output of classes,
            computes something between its layers that is no layer, has a layer that cannot be
            copied, or ends in an activation other than those.
    """
    require_image_classifier(model)
    _require_size(model, shape)
    copy = flat_copy(model, shape if None in model.input_shape[1:] else None)
    _require_same(model, copy)
    notes: list[str] = []
    outputs = _logits(copy, notes)
    return Flattened(keras.Model(copy.inputs[0], outputs, name=model.name), notes)


def flat_copy(model: keras.Model, shape: tuple[int, ...] | None = None) -> keras.Model:
    """Copy a network of one input and one output into one flat functional graph; see `flattened`.

    Its layers keep their names, where not two have the same. Its end stays as it is.
    """
    copy = _copied(model, shape)
    if any(map(_is_model, model.layers)):
        # What was inlined was called twice, in the model that it was in and here.
        copy = _copied(copy)
    return copy


def take_red_first(model: keras.Model) -> None:
    """Have a flat network that was trained on blue, green, red read red, green, blue.

    Raises:
        UserError: what reads the image first is no convolution, so that there is no telling how.
    """
    first = next(layer for layer in model.layers if layer.weights)
    if not isinstance(first, keras.layers.Conv2D) or first.groups != 1:
        raise UserError(
            f"{model.name}: it begins with '{first.name}'; expected a convolution, of a network "
            "that takes blue first"
        )
    kernel, *more = first.get_weights()
    first.set_weights([kernel[:, :, ::-1], *more])


def _require_same(model: keras.Model, copy: keras.Model) -> None:
    """Refuse a copy that computes something else: of a layer whose kind was not thought of."""
    # However its input is called: in a list, say.
    model = keras.Model(model.inputs[0], model.outputs[0])
    images = np.random.default_rng(0).random((2, *copy.input_shape[1:]), dtype=np.float32)
    one, other = (
        keras.ops.convert_to_numpy(each(images, training=False)) for each in (model, copy)
    )
    if not np.allclose(one, other, rtol=1e-3, atol=1e-4 * max(float(np.abs(one).max()), 1e-6)):
        raise UserError(
            f"{model.name}: its copy as a flat graph computes something else; one of its layers "
            "cannot be taken apart; build it of other layers of Keras' own"
        )


def require_image_classifier(model: keras.Model) -> None:
    """Refuse what is no network from one batch of images to one score per class.

    Raises:
        UserError: it is not.
    """
    name = getattr(model, "name", type(model).__name__)
    if not _is_model(model):
        raise UserError(
            f"{name}: its layers cannot be seen; expected a functional or sequential Keras model "
            "(write a subclassed one as a functional model)"
        )
    if isinstance(model, keras.Sequential) and not model.built:
        raise UserError(f"{name}: it has no input shape yet; call it on a batch of images first")
    inputs, outputs = model.inputs, model.outputs
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise UserError(
            f"{name}: it takes {_shapes(inputs)}; expected one batch of images (n, height, width, "
            "channels)"
        )
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        raise UserError(
            f"{name}: it gives {_shapes(outputs)}; expected one score per class, (n, classes)"
        )
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        raise UserError(f"{name}: there is NaN or infinity among its weights")


def _require_size(model: keras.Model, shape: tuple[int, ...] | None) -> None:
    """Refuse a network of any size where none is given, or one that it cannot have."""
    own = model.input_shape[1:]
    if None not in own:
        return
    fits = shape is not None and len(shape) == len(own)
    if not fits or any(a not in (None, b) for a, b in zip(own, shape or (), strict=True)):
        raise UserError(
            f"{model.name}: it takes images of any size, {_shapes(model.inputs)}, and "
            f"{'none is given' if shape is None else f'{shape} does not fit'}; expected one size"
        )


def _shapes(tensors: list[Any]) -> str:
    return " and ".join(str(tuple(tensor.shape)) for tensor in tensors)


def _copied(model: keras.Model, shape: tuple[int, ...] | None = None) -> keras.Model:
    copies = _Copies()
    copy = copies.of(model, shape)
    copies.take_weights()
    return copy


def _is_model(operation: Any) -> bool:
    """Say whether it is a model whose layers can be seen: functional, or sequential."""
    return isinstance(operation, keras.Sequential) or (
        isinstance(operation, keras.Model) and hasattr(operation, "operations")
    )


class _Copies:
    """Copies of layers, one for each call, under names of their own."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.pairs: list[tuple[keras.Layer, Callable[[list[np.ndarray]], None]]] = []

    def of(self, model: keras.Model, shape: tuple[int, ...] | None = None) -> keras.Model:
        """Copy a model, for images of a shape if one is given; `take_weights` fills the copy."""
        functional = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
        return keras.models.clone_model(
            functional,
            input_tensors=None if shape is None else keras.Input(shape, name="image"),
            clone_function=lambda layer: layer,
            call_function=self._called,
        )

    def take_weights(self) -> None:
        """Give the copies the weights of what they are copies of."""
        for layer, take in self.pairs:
            take(layer.get_weights())

    def _called(self, layer: Any, *inputs: Any, **options: Any) -> Any:
        """Call a copy of a layer, in as many layers as it does things."""
        if _is_model(layer):
            # A model's own `call` passes its input through its layers as if they stood here.
            return self.of(layer).call(*inputs)
        if not isinstance(layer, keras.Layer):
            return as_layer(layer, inputs, self._named(layer.name))
        kind = type(layer).__name__
        if kind.startswith("Random") or kind in _TRAINING_ONLY:
            return inputs[0]
        if kind == "CustomScaleLayer":  # InceptionResNetV2's: x + scale * y
            first, second = inputs[0]
            scaled = keras.layers.Rescaling(layer.scale, name=self._named(f"{layer.name}_scale"))
            return keras.layers.Add(name=self._named(layer.name))([first, scaled(second)])
        config = layer.get_config() | {"name": self._named(layer.name)}
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            return self._adapted(layer, config)(*inputs)
        activation = config.get("activation")
        if isinstance(layer, keras.layers.SeparableConv2D):
            outputs = self._separable(layer, config, *inputs)
        elif isinstance(layer, _ACTIVATE_LAST) and activation not in (None, "linear"):
            config["activation"] = "linear"
            outputs = self._copied(layer, config)(*inputs, **options)
        else:
            return self._copied(layer, config)(*inputs, **options)
        if activation in (None, "linear"):
            return outputs
        applied = getattr(layer.activation, "__name__", "activation")
        name = self._named(f"{config['name']}_{applied}")
        return keras.layers.Activation(layer.activation, name=name)(outputs)

    def _copied(self, layer: keras.Layer, config: dict[str, Any]) -> keras.Layer:
        try:
            copy = type(layer).from_config(config)
        except (ValueError, TypeError, NotImplementedError) as reason:
            raise UserError(
                f"the layer '{layer.name}' ({type(layer).__name__}) cannot be copied; expected "
                "layers of Keras' own, no Lambda (a Rescaling in its place, say), or layers with "
                f"get_config and from_config ({str(reason).splitlines()[0][:200]})"
            ) from None
        if layer.weights:
            self.pairs.append((layer, copy.set_weights))
        return copy

    def _adapted(self, layer: keras.Layer, config: dict[str, Any]) -> keras.Layer:
        """Copy a normalisation that was adapted to images: what it found there as constants.

        As weights they would have no effect until `finalize_state` is called.
        """
        mean, variance = (np.array(each).tolist() for each in layer.get_weights()[:2])
        return keras.layers.Normalization.from_config(config | {"mean": mean, "variance": variance})

    def _separable(
        self, layer: keras.layers.SeparableConv2D, config: dict[str, Any], x: Any
    ) -> Any:
        """Convolve each channel, then combine the channels, as the layer does."""
        depthwise = keras.layers.DepthwiseConv2D(
            layer.kernel_size,
            strides=layer.strides,
            padding=layer.padding,
            depth_multiplier=layer.depth_multiplier,
            dilation_rate=layer.dilation_rate,
            use_bias=False,
            name=self._named(f"{config['name']}_depthwise"),
        )
        pointwise = keras.layers.Conv2D(
            layer.filters, 1, use_bias=layer.use_bias, name=config["name"]
        )

        def take(weights: list[np.ndarray]) -> None:
            depthwise.set_weights(weights[:1])
            pointwise.set_weights(weights[1:])

        self.pairs.append((layer, take))
        return pointwise(depthwise(x))

    def _named(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.names:
            number += 1
            name = f"{wanted}_{number}"
        self.names.add(name)
        return name


def _logits(model: keras.Model, notes: list[str]) -> Any:
    """Return a network's logits: its outputs without the softmax or the sigmoid at its end."""
    outputs = model.outputs[0]
    layer = model.operations[-1]
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    kind = "softmax" if isinstance(layer, keras.layers.Softmax) else activation
    classes = outputs.shape[-1]
    if kind == "softmax" and classes > 1:
        notes.append("the softmax at its end was taken off: explanations are of logits")
        return layer.input
    if kind == "sigmoid" and classes == 1:
        notes.append("its one sigmoid unit became two logits: 0, and what the sigmoid takes")
        return two_logits(layer.input)
    if kind != "linear":
        raise UserError(
            f"{model.name}: it ends in {kind}, of {classes} outputs; expected logits, a softmax "
            "over classes, or one sigmoid unit for two"
        )
    if classes == 1:
        raise UserError(f"{model.name}: it gives one number; expected one score per class")
    return outputs


def two_logits(score: Any) -> Any:
    both = keras.layers.Dense(2, use_bias=False, name=LOGITS)
    outputs = both(score)
    both.set_weights([np.array([[0.0, 1.0]], np.float32)])
    return outputs
