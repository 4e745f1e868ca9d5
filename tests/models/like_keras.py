"""A convolution of ours beside Keras' own: the same weights, outputs, gradients.

Keras' own is in double precision: there TensorFlow's kernels are others, without the fault for
which some of ours are there (`heatproof.models.convolution`), and exact beside single precision.
"""

import keras
import numpy as np

FILTERS = 5


def pair(
    kind: type[keras.layers.Conv2D], side: int, channels: int = 3, **options
) -> tuple[keras.Layer, keras.Layer]:
    """Return a layer of our kind and Keras' in double precision, with the same weights."""
    made = [
        kind(FILTERS, name="conv", **options),
        keras.layers.Conv2D(FILTERS, name="conv", dtype="float64", **options),
    ]
    random = np.random.default_rng(0)
    for layer in made:
        layer.build((None, side, side, channels))
    weights = [random.standard_normal(w.shape).astype(np.float32) for w in made[0].weights]
    for layer in made:
        layer.set_weights(weights)
    return made[0], made[1]


def images(side: int, count: int = 6, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(1)
    return random.standard_normal((count, side, side, channels)).astype(np.float32)


def assert_alike(
    layers: tuple[keras.Layer, keras.Layer], side: int, count: int = 6, channels: int = 3
) -> None:
    """Assert that outputs and all gradients are the same up to rounding."""
    import tensorflow as tf

    found = []
    for layer in layers:
        x = tf.constant(images(side, count, channels).astype(layer.compute_dtype))
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
            loss = tf.reduce_sum(tf.sin(outputs))
        variables = [w.value for w in layer.weights]
        found.append([outputs, *tape.gradient(loss, [x, *variables])])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


def operations(layer: keras.Layer, side: int) -> set[str]:
    """Return what TensorFlow would run for the layer."""
    import tensorflow as tf

    traced = tf.function(layer).get_concrete_function(tf.TensorSpec((None, side, side, 3)))
    graph = traced.graph.as_graph_def()
    found = {node.op for node in graph.node}
    return found | {node.op for function in graph.library.function for node in function.node_def}
