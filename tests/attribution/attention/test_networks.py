"""Attention as networks have it: which weights, whose gradients, and where tokens lie."""

from functools import cache

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution import registry
from heatproof.attribution.attention import attended, relevance
from heatproof.attribution.core import graph
from heatproof.attribution.core.method import Context, UnsupportedNetwork
from heatproof.attribution.core.network import Network, target_scores
from heatproof.attribution.core.token_grids import TokenGrid
from heatproof.attribution.core.tokens import NoGrid, Tokens, tokens_of
from tests.attribution import networks
from tests.attribution.attending import CHANNELS, SIDE, WIDTH, attending

IMAGES, TARGETS = networks.images(3, SIDE, CHANNELS), np.array([0, 2, 1])


@cache
def network(pooled: bool) -> Network:
    return Network(attending(pooled), "float64")


def passed(pooled: bool, gradients: bool = True) -> attended.Attended:
    import tensorflow as tf

    tokens = tokens_of(network(pooled).model)
    images = tf.constant(IMAGES, tf.float64)
    return attended.attention(network(pooled), tokens, images, tf.constant(TARGETS), gradients)


@pytest.mark.parametrize("pooled", [False, True])
def test_weights_are_those_of_keras_own_layer(pooled: bool) -> None:
    model = attending(pooled)
    first = model.get_layer("attention_0")
    x = keras.Model(model.input, model.get_layer("tokens" if pooled else "class_token").output)
    _, weights = first(x(IMAGES), x(IMAGES), return_attention_scores=True)
    found = passed(pooled, gradients=False)
    assert len(found.weights) == 2 and not found.gradients and found.read_gradient is None
    np.testing.assert_allclose(found.weights[0], weights, rtol=1e-4, atol=1e-6)
    for each in (*found.weights, found.read):
        np.testing.assert_allclose(np.sum(each, axis=-1), 1, rtol=1e-6)


@pytest.mark.parametrize("pooled", [False, True])
def test_gradients_are_what_the_logit_does_when_a_weight_is_changed(pooled: bool) -> None:
    import tensorflow as tf

    found, tokens = passed(pooled), tokens_of(network(pooled).model)
    named = [*zip(tokens.layers, found.gradients, strict=True)]
    if pooled:
        assert found.read_gradient is not None
        named.append((tokens.pooling, found.read_gradient[..., None]))
    for name, gradients in named:
        change = np.random.default_rng(4).normal(size=gradients.shape)

        def score(step: float, name: str = name, change: np.ndarray = change) -> np.ndarray:
            def rule_for(layer: keras.Layer):
                return (lambda x: layer(x) + step * change) if layer.name == name else None

            outputs = graph.run(network(pooled).model, tf.constant(IMAGES, tf.float64), rule_for)
            return target_scores(list(outputs.values())[-1], tf.constant(TARGETS)).numpy()

        moved = (score(1e-5) - score(-1e-5)) / 2e-5
        expected = (gradients.numpy() * change).reshape(len(IMAGES), -1).sum(axis=1)
        np.testing.assert_allclose(moved, expected, rtol=1e-5, atol=1e-8)


def test_a_token_lies_where_its_patch_is_and_the_class_token_nowhere() -> None:
    import tensorflow as tf

    tokens = tokens_of(network(False).model)
    assert tokens.grid == TokenGrid(2, 2, before=1) and tokens.reader == "class token"
    values = tf.constant([[9.0, 1.0, 2.0, 3.0, 4.0]])
    laid = attended.in_pixels(network(False), tokens, values).numpy()[0]
    # The patches' middles are at 1.5 and 5.5; beyond them the map stays as it is.
    np.testing.assert_allclose(laid[[0, 0, 7, 7], [0, 7, 0, 7]], [1, 2, 3, 4])
    np.testing.assert_allclose(laid[0, 2:6], 1 + np.array([0.5, 1.5, 2.5, 3.5]) / 4)
    pooled = tokens_of(network(True).model)
    assert pooled.reader == "pooling" and pooled.pooling == "pool_weights"
    assert pooled.grid == TokenGrid(2, 2)


def test_the_row_of_the_reader_is_the_whole_product_of_all_matrices() -> None:
    """Rollout by the matrices of equation 1, multiplied as they stand in the paper."""
    found = passed(False, gradients=False)
    matrices = [0.5 * w.numpy().mean(axis=1) + 0.5 * np.eye(5) for w in found.weights]
    expected = (matrices[1] @ matrices[0])[:, 0, 1:].reshape(3, 2, 2)
    maps = registry.methods()["attention_rollout"].explain(network(False), IMAGES, TARGETS).maps
    np.testing.assert_allclose(maps[:, ::7, ::7], expected, rtol=1e-6)


def test_relevance_is_kept_from_layer_to_layer_where_contributions_are_positive() -> None:
    """Of a linear reader with positive weights: half of it is the attention's, half the values'."""
    import tensorflow as tf

    model = attending(pooled=True, blocks=1)
    model.set_weights([np.abs(each) for each in model.get_weights()])
    for layer in model.layers:
        for weight in (w for w in layer.weights if "bias" in w.path):
            weight.assign(np.zeros(weight.shape))
    positive = Network(model, "float64")
    tokens = tokens_of(positive.model)
    rules = relevance.rules(positive.model, tokens.layers[0])
    with tf.GradientTape() as tape:
        outputs = graph.run(positive.model, tf.constant(IMAGES, tf.float64), rules)
        score = target_scores(list(outputs.values())[-1], tf.constant(TARGETS))
    wanted = [outputs[name] for name in ("pool_weights", "add_0", tokens.layers[0])]
    at_pooling, at_sum, at_weights = (np.sum(g, axis=(*range(1, g.ndim),)) for g in
                                      map(np.asarray, tape.gradient(score, wanted)))  # fmt: skip
    np.testing.assert_allclose(at_pooling, 1 / 2)  # of a product each operand has the half
    # The tokens' half, and what the scores of the pooling hand on of the weights' half.
    np.testing.assert_allclose(at_sum, 1)
    outputs = {name: np.asarray(each) for name, each in outputs.items()}
    came = outputs["attention_0"].sum(axis=(1, 2)) / outputs["add_0"].sum(axis=(1, 2))
    assert ((at_weights > 0) & (at_weights < 1 / 2)).all() and came.shape == at_weights.shape


def test_a_network_without_attention_has_no_such_methods() -> None:
    plain = Network(networks.averaged(np.ones((2, 2))))
    attending_only = {n for n, m in registry.methods().items() if m.needs == "attention"}
    listed = {name: method.options() for name, method in registry.methods().items()}
    assert len(attending_only) == 6 and not plain.attends and network(True).attends
    assert listed.keys() - registry.suiting(listed, plain).keys() == attending_only
    assert registry.suiting(listed, network(True)) == listed
    with pytest.raises(UnsupportedNetwork, match="no attention between tokens"):
        context = Context(np.zeros((1, SIDE, SIDE, CHANNELS), np.uint8), 0)
        method = registry.methods()["raw_attention"].with_options(listed["raw_attention"], context)
        method(plain, IMAGES, TARGETS)


def unclear(x: keras.KerasTensor, grid: bool) -> keras.Model:
    """Return a network whose tokens are read by a flattening, or form no grid."""
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    patches = layers.Conv2D(WIDTH, 4, strides=4)(inputs)
    tokens = layers.Reshape((4, WIDTH) if grid else (8, WIDTH // 2))(patches)
    attended = layers.MultiHeadAttention(2, 2)(tokens, tokens)
    return keras.Model(inputs, layers.Dense(2, name="logits")(layers.Flatten()(attended)))


def test_tokens_of_no_known_kind_are_said_to_be_so() -> None:
    for grid, why in ((True, "logits read is not known"), (False, "form no grid")):
        unknown = Network(unclear(keras.Input((1,)), grid))
        with pytest.raises(NoGrid, match=why):
            tokens_of(unknown.model)
        with pytest.raises(UnsupportedNetwork, match=f"the network attends, but .*{why}"):
            registry.methods()["raw_attention"].explain(unknown, IMAGES, TARGETS)


def test_tokens_that_are_averaged_are_read_alike() -> None:
    inputs = keras.Input((SIDE, SIDE, CHANNELS))
    x = layers.Reshape((4, WIDTH))(layers.Conv2D(WIDTH, 4, strides=4)(inputs))
    x = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 2)(x, x))
    averaged = Network(keras.Model(inputs, layers.Dense(2, name="logits")(x)))
    tokens = tokens_of(averaged.model)
    assert tokens.reader == "mean" and isinstance(tokens, Tokens)
    maps = registry.methods()["raw_attention"].explain(averaged, IMAGES, TARGETS).maps
    np.testing.assert_allclose(maps[:, ::7, ::7].sum(axis=(1, 2)), 1, rtol=1e-5)
