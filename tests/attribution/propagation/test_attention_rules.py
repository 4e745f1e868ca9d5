"""AttnLRP, worked out on paper, and as its equations read written out in NumPy."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.attention_rules import softmax_rule
from heatproof.attribution.propagation.lrp import _propagated, lrp_alpha_beta, lrp_epsilon
from heatproof.attribution.propagation.lrp_rules import epsilon_rule
from tests.attribution import transformers

NO_EPSILON = 1e-9


def test_softmax_by_hand() -> None:
    """Of 0 and ln 3 shares are 1/4 and 3/4; R = x (R' - s (1 + 2)) = 0 and ln 3 (2 - 9/4)."""
    x = tf.constant([[0.0, np.log(3.0)]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        shares = softmax_rule(-1)(x)
    np.testing.assert_allclose(shares, [[0.25, 0.75]], rtol=1e-6)
    relevance = tape.gradient(shares, x, output_gradients=tf.constant([[1.0, 2.0]]))
    np.testing.assert_allclose(relevance, [[0, -0.25 * np.log(3)]], rtol=1e-5, atol=1e-7)


def pooled() -> Network:
    """Pixels (1, 2) weighed by the softmax of ln 3 times each: 1/4 and 3/4, of the sum 7/4."""
    image = keras.Input((1, 2, 1))
    tokens = layers.Reshape((2, 1), name="tokens")(image)
    scores = layers.Dense(1, use_bias=False, name="scores")(tokens)
    weights = layers.Softmax(axis=1, name="weights")(scores)
    x = layers.Flatten(name="flat")(layers.Dot(axes=1, name="pool")([weights, tokens]))
    model = keras.Model(image, layers.Dense(1, use_bias=False, name="logits")(x))
    model.set_weights([np.array([[np.log(3)]]), np.array([[4]])])
    return Network(model)


PIXELS = np.array([1, 2], np.float32).reshape(1, 1, 2, 1)


def test_tokens_pooled_by_weights_by_hand() -> None:
    """Half of the logit 7 goes to the values, as 1/4 to 6/4, half to the weights likewise.

    Of the weights' 1/2 and 3, softmax leaves ln 3 (1/2 - 7/8) and 2 ln 3 (3 - 21/8).
    """
    found = lrp_epsilon(pooled(), PIXELS, np.array([0]), NO_EPSILON)
    expected = [0.5 - 0.375 * np.log(3), 3 + 0.75 * np.log(3)]
    np.testing.assert_allclose(found.maps[0, 0], expected, rtol=1e-4)
    lost = abs(sum(expected) - 7) / 7
    np.testing.assert_allclose(found.numbers["conservation_error"], lost, rtol=1e-4)
    gated = lrp_alpha_beta(pooled(), PIXELS, np.array([0]), 1.0)
    np.testing.assert_allclose(gated.maps[0, 0], [1, 6], rtol=1e-5)


def attending() -> tuple[Network, dict[str, np.ndarray]]:
    """Return a network of one layer of attention without biases, whose places are averaged."""
    image = keras.Input((2, 2, 3))
    tokens = layers.Reshape((4, 3), name="tokens")(image)
    attention = layers.MultiHeadAttention(2, 3, value_dim=2, use_bias=False, name="attention")
    x = layers.GlobalAveragePooling1D(name="mean")(attention(tokens, tokens))
    model = keras.Model(image, layers.Dense(1, use_bias=False, name="logits")(x))
    random = np.random.default_rng(4)
    model.set_weights([random.normal(0, 1, weight.shape) for weight in model.get_weights()])
    names = ("query", "key", "value", "output", "logits")
    return Network(model), dict(zip(names, model.get_weights(), strict=True))


def written_out(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the relevance of tokens (t, c) by equations 8, 11 and 13 of Achtibat et al. 2024."""
    queries, keys, values = (
        np.einsum("tc,chd->thd", x, weights[name]) for name in ("query", "key", "value")
    )
    scores = np.einsum("qhd,khd->hqk", queries, keys) / np.sqrt(3)
    shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    attended = np.einsum("hqk,khd->qhd", shares, values)
    given = np.einsum("qhd,hdc->qc", attended, weights["output"])
    # From the logit to what is attended all is linear.
    slope = np.einsum("hdc,c->hd", weights["output"], weights["logits"][:, 0]) / len(x)
    np.testing.assert_allclose((attended * slope).sum(), given.mean(axis=0) @ weights["logits"])
    per_sum = slope / 2  # R / (2 O) of each attended value
    to_shares = np.einsum("hqk,khd,hd->hqk", shares, values, per_sum)
    to_values = np.einsum("hqk,khd,hd->khd", shares, values, per_sum)
    total = to_shares.sum(axis=-1, keepdims=True)
    to_scores = scores * (to_shares - shares * total)
    products = np.einsum("qhd,khd->hqkd", queries, keys) / np.sqrt(3)
    each = products * (to_scores / (2 * scores))[..., None]
    to_queries, to_keys = np.einsum("hqkd->qhd", each), np.einsum("hqkd->khd", each)
    relevance = np.zeros_like(x)
    for name, outputs, share in (
        ("query", queries, to_queries), ("key", keys, to_keys), ("value", values, to_values)
    ):  # fmt: skip
        relevance += np.einsum("tc,chd,thd->tc", x, weights[name], share / outputs)
    return relevance


def test_attention_is_as_written_out() -> None:
    network, weights = attending()
    image = np.random.default_rng(1).normal(0, 1, (1, 2, 2, 3)).astype(np.float32)
    found = lrp_epsilon(network, image, np.array([0]), NO_EPSILON).maps[0]
    expected = written_out(image.reshape(4, 3).astype(float), weights)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found.ravel(), expected.sum(axis=-1), rtol=1e-3, atol=1e-5)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("name", transformers.SMALL)
def test_nothing_but_softmax_loses_relevance(name: str) -> None:
    """Without biases: with attention weights as constants the map's sum is the logit."""
    network = Network(transformers.without_biases(transformers.built(name)))
    images, targets = transformers.images(), np.array([1, 3])
    gates = replace(epsilon_rule(NO_EPSILON), attends=False)
    found = _propagated(network, images, targets, ("gates",), gates)
    np.testing.assert_allclose(found.numbers["conservation_error"], 0, atol=1e-3)
    logits = network.logits(images)[np.arange(2), targets]
    kept = lrp_alpha_beta(network, images, targets, 1.0)
    np.testing.assert_allclose(kept.maps.sum(axis=(1, 2)), logits, rtol=1e-4)
    assert (kept.maps * np.sign(logits)[:, None, None] >= -1e-9).all()
    attended = lrp_epsilon(network, images, targets, NO_EPSILON)
    lost = attended.numbers["conservation_error"] > 1e-3
    assert lost.all() == (name != "cbam_resnet") and lost.any() == (name != "cbam_resnet")
