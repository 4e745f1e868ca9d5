"""DeepLIFT's rules: how the difference of two logits is handed back through a network.

Shrikumar et al. 2017, https://arxiv.org/abs/1704.02685, section 3. For two images x and r a unit
contributes its multiplier times its own difference between the two, and the contributions of each
layer sum to the same. What a multiplier becomes on its way back through a layer:

- linear layers (convolution, depthwise and in groups too, dense, padding, batch normalisation,
  layer scale, average pooling, sum, concatenation): what a gradient does (eq. 3, the chain rule);
- an activation y = g(x): times (g(x) - g(r)) / (x - r), the rescale rule (section 3.5.2), whatever
  g is, ReLU6 as well as ReLU. Where x = r it is the limit, the derivative (section 3.5.1);
- max pooling: the difference of a window's two maxima belongs to the one place where the greater of
  them stands, in x or in r; divided by the difference of x and r there, which is at least as large.
  This is the rule of the `shap` package. The paper gives none;
- a product y = a b, such as of a feature map with its gate: each factor's share of the difference
  is its Shapley value, so that a gets times the mean of b in x and in r, and b likewise. Lundberg &
  Lee 2017 (https://arxiv.org/abs/1705.07874, section 4.2) compose Shapley values of parts in this
  way, and `shap` multiplies so. The paper gives none;
- products of queries with keys, of attention weights with values, and whatever else multiplies two
  tensors and sums up: likewise, each factor by the mean of the other;
- layer normalisation: the chain rule through what it is made of, as in `shap`: c, the differences
  from the mean (linear), times s = (mean of c² + epsilon)^(-1/2) (the product), and on the way to s
  the rescale rule of the square and of the root;
- softmax: so too: e, the exponentials (rescale rule), times 1 / their sum (the product, and the
  rescale rule of 1 / t).

All but the first, the curved layers, need to know what they read of x and of r, and nothing else of
the two images is needed. So an image goes forward once, and not once for each other it is compared
to.
"""

from typing import TYPE_CHECKING, Any

from heatproof.attribution.core import graph
from heatproof.attribution.core.activation_layers import activates_alone
from heatproof.attribution.core.method import UnsupportedNetwork

if TYPE_CHECKING:
    import keras

LINEAR = (
    "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate", "Conv2D",
    "Cropping1D", "Cropping2D", "Dense", "DepthwiseConv2D", "Dropout", "EinsumDense", "Flatten",
    "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "Identity", "LayerScale",
    "Normalization", "Permute", "Rescaling", "Reshape", "SpatialDropout1D", "SpatialDropout2D",
    "Subtract", "ZeroPadding1D", "ZeroPadding2D",
)  # fmt: skip
POOLING = ("GlobalMaxPooling1D", "GlobalMaxPooling2D", "MaxPooling2D")
PRODUCTS = ("AttendedValues", "AttentionScores", "Dot")
SOFTMAX = ("AttentionWeights", "Softmax")

Facts = dict[str, tuple[Any, ...]]


def curved_layers(model: "keras.Model") -> list[str]:
    """Name the layers that are not linear. Raises UnsupportedNetwork if one has no rule."""
    return [layer.name for layer in model.operations if _is_curved(layer)]


def passed(model: "keras.Model", images: Any, curved: list[str]) -> tuple[Any, Facts]:
    """Pass images forward.

    Args:
        model: the network.
        images: a tensor (n, height, width, channels).
        curved: the `curved_layers`.

    Returns:
        the logits (n, classes); and of each curved layer its facts, (n, ...) all: of an activation
        what it reads, what it gives and its slope there, of a pooling what it reads and what it
        gives, of a product its factors, of a layer normalisation c and s, of a softmax what it
        reads.
    """
    facts: Facts = {}

    def rule_for(layer: "keras.layers.Layer") -> graph.Rule | None:
        def rule(*read: Any) -> Any:
            given, facts[layer.name] = _passed(layer, *read)
            return given

        return rule if layer.name in curved else None

    return graph.run(model, images, rule_for)[model.output_names[0]], facts


def multipliers_of(model: "keras.Model", images: Facts, others: Facts, start: Any) -> Any:
    """Return the input's multipliers of every pair, (a * b, height, width, channels).

    Args:
        model: the network.
        images: the result of `passed` for a images.
        others: that for the b images that each of them is compared to.
        start: the logits' multipliers, (a * b, classes), the b pairs of an image side by side.
    """
    import tensorflow as tf

    at: dict[int, Any] = {id(model.output): start}
    for layer in reversed(model.operations):
        multipliers = at.pop(id(layer.output))
        tensors = graph.inputs_of(layer)
        if layer.name in others:
            rule = _RULES.get(type(layer).__name__, _rescaled)
            parts = rule(layer, images[layer.name], others[layer.name], multipliers)
        elif id(layer.output) == id(model.input):
            return multipliers
        else:  # equation 3; a linear layer's gradient is the same whatever it reads
            blank = [tf.zeros((tf.shape(start)[0], *tensor.shape[1:])) for tensor in tensors]
            with tf.GradientTape() as tape:
                tape.watch(blank)
                output = layer(blank if isinstance(layer.input, list) else blank[0], training=False)
            parts = tape.gradient(output, blank, output_gradients=multipliers)
        for tensor, part in zip(tensors, parts, strict=True):
            at[id(tensor)] = at[id(tensor)] + part if id(tensor) in at else part
    raise AssertionError("a network begins with its input")


def _is_curved(layer: "keras.layers.Layer") -> bool:
    """Say whether a layer is not linear. Raises UnsupportedNetwork if there is no rule for it."""
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if kind == "InputLayer" or (kind in (*LINEAR, "Activation") and activation == "linear"):
        return False
    if kind in (*POOLING, *SOFTMAX) or activates_alone(layer):
        return True
    if kind in PRODUCTS and not getattr(layer, "normalize", False):
        return True
    if kind == "Multiply" and len(layer.input) == 2:
        return True
    last = (-1, len(layer.output.shape) - 1)
    if kind == "LayerNormalization" and set(layer.axis) <= set(last) and not layer.rms_scaling:
        return True
    from heatproof.models.attention_parts import why_whole

    reason = why_whole(layer) or f"activation {activation}"
    raise UnsupportedNetwork(
        f"DeepSHAP has no rule for the layer '{layer.name}' ({kind}, {reason})"
    )


def _passed(layer: "keras.layers.Layer", *inputs: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return what a curved layer gives, and its facts."""
    import tensorflow as tf

    kind = type(layer).__name__
    if kind in ("Multiply", *PRODUCTS):
        return layer(list(inputs)), inputs
    (read,) = inputs
    if kind in SOFTMAX:
        return layer(read), (read,)
    if kind == "LayerNormalization":
        centred = read - tf.reduce_mean(read, axis=-1, keepdims=True)
        variance = tf.reduce_mean(centred * centred, axis=-1, keepdims=True)
        return layer(read), (centred, tf.math.rsqrt(variance + layer.epsilon))
    # Hides a sum from the graph optimiser, which fuses it with the convolution before and the ReLU
    # after it, finds that it is asked for itself, and logs an error.
    read = tf.ensure_shape(read, read.shape)
    with tf.GradientTape() as tape:
        tape.watch(read)
        given = layer(read)
    if kind in POOLING:
        return given, (read, given)
    return given, (read, given, tape.gradient(given, read))


def _rescaled(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through an activation: the rescale rule."""
    import tensorflow as tf

    # XLA makes this one pass over memory instead of six. (At convolutions it is slow on a CPU.)
    @tf.function(jit_compile=True, autograph=False)
    def rule(x: Any, given: Any, r: Any, reference: Any, slope: Any, above: Any) -> Any:
        change = x[:, None] - r
        ratio = tf.where(change == 0, slope, (given[:, None] - reference) / change)
        return above * tf.reshape(ratio, tf.shape(above))

    x, given, *_ = image
    r, reference, slope = other
    return [rule(x, given, r, reference, slope, multipliers)]


def _pooled(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through a max pooling."""
    import tensorflow as tf

    (x, given), (r, reference) = image, other
    both = _paired(tf.maximum(x[:, None], r))  # its maximum stands where the greater maximum does
    with tf.GradientTape() as tape:
        tape.watch(both)
        output = layer(both)
    belongs = _paired(given[:, None] - reference) * multipliers
    placed = tape.gradient(output, both, output_gradients=belongs)
    return [tf.math.divide_no_nan(placed, _paired(x[:, None] - r))]


def _multiplied(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through a product: Shapley values of its two factors."""
    import tensorflow as tf

    means = [_paired((x[:, None] + r) / 2) for x, r in zip(image, other, strict=True)]
    parts = []
    for own, opposite in (means, reversed(means)):
        part = multipliers * opposite
        # A factor of one value beside many of the other's has what belongs to all of them.
        sides = zip(own.shape[1:], part.shape[1:], strict=True)
        axes = [axis for axis, (side, whole) in enumerate(sides, start=1) if side == 1 < whole]
        parts.append(tf.reduce_sum(part, axis=axes, keepdims=True) if axes else part)
    return parts


def _normalised(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through a layer normalisation: c s, and s by way of c²."""
    import tensorflow as tf

    (c, s), (c_other, s_other) = image, other
    if layer.scale:
        multipliers = multipliers * layer.gamma.value
    sums, both = _paired(c[:, None] + c_other), _paired(s[:, None] + s_other)
    through_s = tf.reduce_sum(multipliers * sums / 2, axis=-1, keepdims=True)
    # (s - s') / (v - v') of s = v^(-1/2), written so that nothing cancels.
    ratio = -(_paired(s[:, None] * s_other) ** 2) / both
    part = multipliers * both / 2 + through_s * ratio * sums / c.shape[-1]
    return [part - tf.reduce_mean(part, axis=-1, keepdims=True)]


def _weighed(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through products that are summed up: each by the other's mean."""
    import tensorflow as tf

    means = [_paired((x[:, None] + r) / 2) for x, r in zip(image, other, strict=True)]
    with tf.GradientTape() as tape:
        tape.watch(means)
        output = layer(means)
    return tape.gradient(output, means, output_gradients=multipliers)


def _shared(layer: "keras.layers.Layer", image: Any, other: Any, multipliers: Any) -> list[Any]:
    """Take multipliers back through a softmax: exponentials e, times 1 / their sum t."""
    import tensorflow as tf

    axis, (x,), (r,) = layer.axis, image, other
    x, r = _paired(x[:, None] + tf.zeros_like(r)), _paired(tf.zeros_like(x[:, None]) + r)
    # The same for both images, so that it changes nothing, and no exponential is too large.
    largest = tf.reduce_max(tf.maximum(x, r), axis=axis, keepdims=True)
    e, e_other = tf.exp(x - largest), tf.exp(r - largest)
    u, u_other = (1 / tf.reduce_sum(each, axis=axis, keepdims=True) for each in (e, e_other))
    to_u = tf.reduce_sum(multipliers * (e + e_other) / 2, axis=axis, keepdims=True)
    to_e = multipliers * (u + u_other) / 2 - to_u * u * u_other  # (u - u') / (t - t') = - u u'
    change = x - r
    ratio = tf.where(change == 0, e, (e - e_other) / tf.where(change == 0, 1.0, change))
    return [to_e * ratio]


def _paired(tensor: Any) -> Any:
    """Return (a, b, ...) as (a * b, ...)."""
    import tensorflow as tf

    return tf.reshape(tensor, (-1, *tensor.shape[2:]))


# Those of the curved layers that are no activations.
_RULES = {
    **dict.fromkeys(POOLING, _pooled),
    **dict.fromkeys(PRODUCTS, _weighed),
    **dict.fromkeys(SOFTMAX, _shared),
    "Multiply": _multiplied,
    "LayerNormalization": _normalised,
}
