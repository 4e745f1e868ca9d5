"""Attention taken apart for explaining: the same numbers, by its parts."""

from typing import Any

import keras
import numpy as np
import pytest

from heatproof.attribution.core.folding import copy_folded, folded
from heatproof.models.attention import MultiHeadAttention
from heatproof.models.attention_parts import AttentionWeights, is_split, why_whole

SIDE, TOKENS, WIDTH = 4, 16, 6


def network(layer: keras.Layer, queries: int | None = None, **options: Any) -> keras.Model:
    """Return a network of tokens that attend to each other, or of which only the first ones do."""
    image = keras.Input((SIDE, SIDE, WIDTH), name="image")
    tokens = keras.layers.Reshape((TOKENS, WIDTH), name="tokens")(image)
    asking = tokens
    if queries:
        asking = keras.layers.Cropping1D((0, TOKENS - queries), name="asking")(tokens)
    attended = layer(asking, tokens, **options)
    attended = attended[0] if isinstance(attended, list | tuple) else attended
    pooled = keras.layers.GlobalAveragePooling1D(name="pooled")(attended)
    model = keras.Model(image, keras.layers.Dense(3, name="logits")(pooled), name="attending")
    drawn(model, 0)
    return model


def drawn(model: keras.Model, seed: int) -> None:
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(random.normal(0, 0.5, weight.shape))


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (count, SIDE, SIDE, WIDTH)).astype(np.float32)


@pytest.mark.parametrize(
    ("options", "queries"),
    [
        ({"num_heads": 2, "key_dim": 3}, None),
        ({"num_heads": 1, "key_dim": 2, "value_dim": 5, "use_bias": False}, None),
        ({"num_heads": 3, "key_dim": 2, "dropout": 0.5}, None),
        ({"num_heads": 2, "key_dim": 4, "value_dim": 1, "output_shape": 7}, 1),
    ],
)
@pytest.mark.parametrize("kind", [keras.layers.MultiHeadAttention, MultiHeadAttention])
def test_the_parts_give_what_the_layer_gives(kind, options, queries) -> None:
    model = network(kind(**options, name="attention"), queries)
    parts = folded(model)
    expected = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(parts(images(), training=False), expected, rtol=1e-5, atol=1e-5)
    drawn(model, 2)  # and with other weights later
    copy_folded(model, parts)
    changed = np.asarray(model(images(), training=False))
    assert np.abs(changed - expected).max() > 0.01
    np.testing.assert_allclose(parts(images(), training=False), changed, rtol=1e-5, atol=1e-5)


def test_the_weights_are_those_of_keras() -> None:
    layer = keras.layers.MultiHeadAttention(2, 3, name="attention")
    parts = folded(network(layer, 5))
    found = keras.Model(parts.input, parts.get_layer("attention_weights").output)(images())
    assert isinstance(parts.get_layer("attention_weights"), AttentionWeights)
    tokens = images().reshape(3, TOKENS, WIDTH)
    _, scores = layer(tokens[:, :5], tokens, return_attention_scores=True)
    assert found.shape == (3, 2, 5, TOKENS)
    np.testing.assert_allclose(found, scores, atol=1e-6)
    np.testing.assert_allclose(np.asarray(found).sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("made", "called", "why"),
    [
        ({}, {"use_causal_mask": True}, "masked"),
        ({}, {"attention_mask": np.ones((1, TOKENS, TOKENS), bool)}, "masked"),
        ({}, {"return_attention_scores": True}, "hands on its attention weights"),
        ({"sliding_window": 3}, {}, "limited to a window"),
        ({"use_gate": True}, {}, "gated"),
    ],
)
def test_what_cannot_be_taken_apart_stays_whole(made, called, why) -> None:
    layer = keras.layers.MultiHeadAttention(2, 3, name="attention", **made)
    model = network(layer, **called)
    assert why in why_whole(layer) and not is_split(layer)
    assert not why_whole(model.get_layer("logits"))
    expected = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(folded(model)(images(), training=False), expected, atol=1e-5)


def test_training_through_ours_has_the_gradients_of_keras() -> None:
    import tensorflow as tf

    tokens = tf.constant(images().reshape(3, TOKENS, WIDTH))
    found = []
    for kind in (keras.layers.MultiHeadAttention, MultiHeadAttention):
        layer = kind(2, 3)
        layer.build(tokens.shape, tokens.shape)
        random = np.random.default_rng(3)
        layer.set_weights([random.normal(0, 0.5, w.shape) for w in layer.get_weights()])
        weights = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(tokens)
            loss = tf.reduce_sum(tf.sin(layer(tokens, tokens)))
        found.append([loss, *tape.gradient(loss, [tokens, *weights])])
    for mine, other in zip(*found, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
