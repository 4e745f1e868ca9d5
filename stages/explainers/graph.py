"""Running a network layer by layer with some layers replaced: other rules for going backward.

Guided backpropagation, layer-wise relevance propagation and DeepLIFT are all a backward pass whose
rule differs from the gradient's at some layers. Each says its rule as a function with a gradient of
its own (`tf.custom_gradient`), and this runs the network's own graph with it.
"""

from collections.abc import Callable
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
    tensors: dict[int, Any] = {id(model.inputs[0]): images}
    outputs: dict[str, Any] = {}
    for layer in model.operations:
        if id(layer.output) in tensors:  # the input
            outputs[layer.name] = tensors[id(layer.output)]
            continue
        merges = isinstance(layer.input, list)
        inputs = [tensors[id(t)] for t in (layer.input if merges else [layer.input])]
        rule = rule_for(layer)
        if rule is not None:
            output = rule(*inputs)
        else:
            output = layer(inputs if merges else inputs[0], training=False)
        tensors[id(layer.output)] = outputs[layer.name] = output
    return outputs
