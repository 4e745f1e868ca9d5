"""Running a network layer by layer with some layers replaced: other rules for going backward.

Guided backpropagation, layer-wise relevance propagation and DeepLIFT are all a backward pass whose
rule differs from the gradient's at some layers. Each says its rule as a function with a gradient of
its own (`tf.custom_gradient`), and this runs the network's own graph with it.

Also without such rules, gradients that go back to the image are taken of the network as it is run
here: where more than two layers read a tensor, TensorFlow adds their gradients in an order that
depends on which memory happens to be free, so that results would differ in their last bits from one
process to the next, and searches in much more. Here that order is fixed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

Rule = Callable[..., Any]


def run(
    model: "keras.Model", images: Any, rule_for: Callable[["keras.layers.Layer"], Rule | None]
) -> dict[str, Any]:
    """Compute every layer's output.

    Args:
        model: a flat functional network of one input and one output.
        images: a tensor (n, height, width, channels).
        rule_for: layer -> what to compute in its place, from the same inputs (one argument for each
            tensor that the layer reads); None where the layer itself is right.

    Returns:
        layer name -> its output, in the order of the graph; the last is the logits.
    """
    readers = Counter(id(t) for layer in model.operations for t in inputs_of(layer))
    # For each tensor what its readers take, one after the other.
    taken: dict[int, Iterator[Any]] = {}
    outputs: dict[str, Any] = {}
    for layer in model.operations:
        inputs = [next(taken[id(t)]) for t in inputs_of(layer)]
        rule = rule_for(layer) if inputs else None
        if not inputs:
            output = images
        elif rule is not None:
            output = rule(*inputs)
        else:
            output = _called(layer, inputs)
        outputs[layer.name] = output
        taken[id(layer.output)] = _for_readers(output, readers[id(layer.output)])
    return outputs


def _called(layer: "keras.layers.Layer", inputs: list[Any]) -> Any:
    """Call a layer with the values of the tensors that it reads, as it is called in its network."""
    given = layer._inbound_nodes[0].arguments
    if len(given.args) > 1 or given.kwargs.keys() - {"training", "mask"}:  # attention's value, say
        values = {id(tensor): each for tensor, each in zip(layer.input, inputs, strict=True)}
        args, options = given.fill_in(values)
        return layer(*args, **options | {"training": False})
    return layer(inputs if isinstance(layer.input, list) else inputs[0], training=False)


def value(
    model: "keras.Model", images: Any, wanted: "keras.KerasTensor", in_loop: bool = False
) -> Any:
    """Compute one tensor of a network, such as `model.output`.

    Args:
        model: a flat functional network of one input and one output.
        images: a tensor (n, height, width, channels).
        wanted: the output of one of its layers.
        in_loop: whether it is computed, and its gradient taken, within a loop that is compiled.
    """
    outputs = run(model, images, _pooling_in_a_loop if in_loop else lambda _: None)
    return next(outputs[layer.name] for layer in model.operations if layer.output is wanted)


def run_on(model: "keras.Model", outputs: dict[str, Any], name: str, copies: Any) -> Any:
    """Compute the logits of copies of one image that differ from one layer's output on.

    What the copies have in common is not computed again, also where a branch passes the layer by.

    Args:
        model: a flat functional network of one input and one output.
        outputs: every layer's, from `run`, of the one image.
        name: the layer.
        copies: what stands for its output, (n, ...).
    """
    import tensorflow as tf

    made_by = {id(layer.output): layer.name for layer in model.operations}
    values, count = {name: copies}, tf.shape(copies)[0]
    for layer in model.operations:
        read = [made_by[id(tensor)] for tensor in inputs_of(layer)]
        if layer.name != name and any(each in values for each in read):
            inputs = [
                values[each] if each in values else tf.repeat(outputs[each], count, axis=0)
                for each in read
            ]
            values[layer.name] = _called(layer, inputs)
    return values[made_by[id(model.output)]]


def _pooling_in_a_loop(layer: "keras.layers.Layer") -> Rule | None:
    """Return maximum pooling whose gradient is always computed by the same kernel.

    TensorFlow has oneDNN compute it where it meets the pooling itself first, when it goes through
    the compiled graph to choose kernels. In what order it goes through a loop is chance in each
    process; and where windows overlap the two kernels add their gradients in unlike orders.
    MaxPoolV2 is the same operation, for which there is one kernel only.
    """
    import keras
    import tensorflow as tf

    if not isinstance(layer, keras.layers.MaxPooling2D):
        return None
    if all(size <= step for size, step in zip(layer.pool_size, layer.strides, strict=True)):
        return None  # nothing to add
    ksize, strides = ([1, *size, 1] for size in (layer.pool_size, layer.strides))
    padding = layer.padding.upper()
    return lambda x: tf.raw_ops.MaxPoolV2(input=x, ksize=ksize, strides=strides, padding=padding)


def inputs_of(layer: "keras.layers.Layer | keras.Operation") -> list[Any]:
    """Return the tensors that a layer reads; none for the network's input."""
    import keras

    if isinstance(layer, keras.layers.InputLayer):
        return []
    return layer.input if isinstance(layer.input, list) else [layer.input]


def _for_readers(tensor: Any, count: int) -> Iterator[Any]:
    """Give a tensor to so many readers, whose gradients are then added in their order."""
    import tensorflow as tf

    @tf.custom_gradient
    def parted(tensor: Any) -> Any:
        def gradient(*upstream: Any) -> Any:
            return tf.reduce_sum(tf.stack(upstream), axis=0)

        return [tf.identity(tensor) for _ in range(count)], gradient

    # Of two, the order makes no difference.
    return iter(parted(tensor)) if count > 2 else repeat(tensor)


def separates(model: "keras.Model", name: str) -> bool:
    """Say whether the logits depend on the image through this layer's output alone."""
    reached = {id(model.get_layer(name).output)}
    for layer in model.operations:
        read = [id(tensor) in reached for tensor in inputs_of(layer)]
        if any(read) and id(layer.output) not in reached:
            if not all(read):
                return False
            reached.add(id(layer.output))
    return True


def from_layer(model: "keras.Model", name: str, values: Any) -> Any:
    """Compute the logits from a layer's output on.

    Args:
        model: a flat functional network of one input and one output.
        name: of a layer that `separates` them from the image.
        values: a tensor of the shape of the layer's output.
    """
    outputs = {id(model.get_layer(name).output): values}
    for layer in model.operations:
        inputs = inputs_of(layer)
        if id(layer.output) not in outputs and any(id(t) in outputs for t in inputs):
            outputs[id(layer.output)] = _called(layer, [outputs[id(t)] for t in inputs])
    return outputs[id(model.output)]
