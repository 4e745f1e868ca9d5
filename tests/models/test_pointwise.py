"""Our 1×1 convolution gives what Keras' own gives, also where it is a product of matrices."""

import keras
import numpy as np
import pytest

from stages import params
from stages.models import pointwise
from stages.models.assembly import build_model

FILTERS = 5


def pair(side: int, **options) -> tuple[keras.Layer, keras.Layer]:
    """Return ours and Keras' layer with the same weights."""
    made = [
        kind(FILTERS, name="conv", **{"kernel_size": 1, "use_bias": False, **options})
        for kind in (pointwise.Conv2D, keras.layers.Conv2D)
    ]
    random = np.random.default_rng(0)
    for layer in made:
        layer.build((None, side, side, 3))
    weights = [random.standard_normal(w.shape).astype(np.float32) for w in made[0].weights]
    for layer in made:
        layer.set_weights(weights)
    return made[0], made[1]


def images(side: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal((6, side, side, 3)).astype(np.float32)


def operations(layer: keras.Layer, side: int) -> set[str]:
    """Return what TensorFlow would run for the layer."""
    import tensorflow as tf

    traced = tf.function(layer).get_concrete_function(tf.TensorSpec((None, side, side, 3)))
    graph = traced.graph.as_graph_def()
    return {node.op for part in (graph, *graph.library.function)
            for node in getattr(part, "node", None) or part.node_def}  # fmt: skip


@pytest.mark.parametrize(
    ("side", "options", "multiplied"),
    [
        (1, {}, True),
        (8, {}, True),
        (8, {"activation": "relu"}, True),
        (8, {"padding": "same"}, True),
        (9, {}, False),
        (8, {"use_bias": True}, False),
        (8, {"strides": 2}, False),
        (8, {"kernel_size": (1, 3)}, False),
        (6, {"kernel_size": 3, "padding": "same"}, False),
    ],
    ids=str,
)
def test_outputs_and_gradients_are_those_of_keras(side, options, multiplied) -> None:
    import tensorflow as tf

    x, found = tf.constant(images(side)), []
    for layer in pair(side, **options):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(tf.sin(outputs))
        variables = [w.value for w in layer.weights]
        found.append([outputs, *tape.gradient(loss, [x, *variables])])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
    ours = operations(pair(side, **options)[0], side)
    assert ("MatMul" in ours, "Conv2D" in ours) == (multiplied, not multiplied)


def test_half_precision_is_left_to_keras() -> None:
    layer, _ = pair(4)
    assert layer._multiplies(keras.KerasTensor((None, 4, 4, 3), "float32"))
    assert not layer._multiplies(keras.KerasTensor((None, 4, 4, 3), "bfloat16"))


def test_most_layers_of_mobilenet_v2_are_products() -> None:
    study = params.load()
    model = build_model(study, "mobilenet_v2-cifar10", (32, 32, 3), 10)
    ours = [layer for layer in model.layers if isinstance(layer, pointwise.Conv2D)]
    multiplied = [layer.name for layer in ours if layer._multiplies(layer.input)]
    assert multiplied == [
        "block2_project", "block3_expand", "block3_project", "block4_expand", "block4_project",
        "block5_expand", "block5_project", "block6_expand", "block6_project", "block7_expand",
        "block7_project", "head_conv",
    ]  # fmt: skip
