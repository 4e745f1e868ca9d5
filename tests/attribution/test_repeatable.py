"""Nothing that explains has sums whose order is chance.

TensorFlow adds more than two gradients at a tensor in an order that depends on which memory happens
to be free, and those of overlapping pooling within a loop in one of two, so that efficient_cnn's
and resnet18's searches had several outcomes, by chance, from one process to the next.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from heatproof.attribution import registry
from heatproof.attribution.core.activation_layers import LOGITS
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.counterfactuals.adversarial import fgsm
from heatproof.counterfactuals.counterfactual_search import search
from heatproof.counterfactuals.options import SearchOptions
from heatproof.features.activation_maximisation import maximise
from heatproof.features.options import MaximisationOptions
from tests.attribution import architectures
from tests.attribution.smaller import smaller
from tests.sums import long_sums, overlapping_pooling_in_loops


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the graph of everything that is compiled."""
    graphs: list[Any] = []
    compile_function = tf.function

    def recording(function: Callable[..., Any] | None = None, **options: Any) -> Any:
        if function is None:  # as a decorator, by Keras
            return compile_function(**options)
        made = compile_function(function, **options)

        class Recorded:
            def get_concrete_function(self, *kinds: Any) -> Any:
                concrete = made.get_concrete_function(*kinds)
                graphs.append(concrete.graph.as_graph_def())
                return concrete

        return Recorded()

    monkeypatch.setattr(tf, "function", recording)
    return graphs


def test_whatever_explains(traced: list[Any]) -> None:
    architecture = architectures.shared("efficient_cnn")
    network = Network(architecture.model)
    images = architecture.images(2)
    targets = architecture.targets(2)
    context = Context((255 * architecture.images(4)).astype(np.uint8), seed=3)
    for method in filter(lambda each: each.suits(network), registry.methods().values()):
        method.with_options(smaller(method.options()), context)(network, images, targets)
    fgsm(network, images, [0.1])
    search(
        network,
        images,
        targets,
        SearchOptions(steps=2, l1=1, l2=0, total_variation=1, confidence=0.5),
    )
    ascent = MaximisationOptions(
        layers=1, steps=2, step_size=0.1, total_variation=0.1, jitter=1, noise=0.1
    )
    for layer in (LOGITS, architecture.layer):
        maximise(network, layer, targets, ascent, seed=1)
    assert len(traced) > 15
    assert long_sums(traced, "Conv2DBackpropInput") == []
    assert overlapping_pooling_in_loops(traced) == []


@pytest.mark.thorough
def test_searches_in_loops(traced: list[Any]) -> None:
    architecture = architectures.shared("resnet18")
    network, targets = Network(architecture.model), architecture.targets(2)
    options = SearchOptions(steps=2, l1=1, l2=0, total_variation=1, confidence=0.5)
    search(network, architecture.images(2), targets, options)
    ascent = MaximisationOptions(
        layers=1, steps=2, step_size=0.1, total_variation=0.1, jitter=1, noise=0.1
    )
    maximise(network, LOGITS, targets, ascent, seed=1)
    assert len(traced) >= 2
    assert overlapping_pooling_in_loops(traced) == []


@pytest.mark.parametrize(("strides", "found"), [(1, 1), (2, 0)])
def test_overlapping_pooling_in_a_loop_is_found(
    traced: list[Any], strides: int, found: int
) -> None:
    def function(images: Any) -> Any:
        for _ in tf.range(2):
            with tf.GradientTape() as tape:
                tape.watch(images)
                pooled = tf.nn.max_pool2d(images, 2, strides, "SAME")
            images = images + tape.gradient(pooled, images)
        return images

    tf.function(function).get_concrete_function(tf.TensorSpec((None, 8, 8, 1)))
    assert len(overlapping_pooling_in_loops(traced)) == found


def test_a_long_sum_is_found(traced: list[Any]) -> None:
    architecture = architectures.shared("efficient_cnn")
    model = architecture.model

    def function(images: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(images, training=False)
        return tape.gradient(logits, images)

    tf.function(function).get_concrete_function(tf.TensorSpec((None, *architecture.shape)))
    assert len(long_sums(traced, "Conv2DBackpropInput")) == 1
