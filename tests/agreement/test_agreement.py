"""What the project computes beside what other people's implementations give (`peers`)."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution.attention import generic_attention, relevance, rollout
from heatproof.attribution.attention.attended import Attended
from heatproof.attribution.core.network import Network
from heatproof.attribution.propagation.lrp import lrp_epsilon
from heatproof.concepts import layers as concept_layers
from heatproof.concepts import tcav
from heatproof.concepts.directions import Directions
from tests.agreement import arrays

FIGURES = json.loads(Path(__file__).with_name("figures.json").read_text())


def of(name: str) -> Any:
    return FIGURES[name]["figures"]


@pytest.mark.parametrize(
    ("name", "heads", "weighted"),
    [
        ("attention_rollout", 2, rollout.weighted),
        ("generic_attention", 1, generic_attention.weighted),
    ],
)
def test_attention_of_interpretdl(name: str, heads: int, weighted: Any) -> None:
    weights, gradients = (tuple(map(tf.constant, each)) for each in arrays.attention(heads))
    class_token = np.zeros((1, arrays.SIDE**2 + 1))
    class_token[0, 0] = 1
    row = weighted(Attended(weights, gradients, tf.constant(class_token), None)).numpy()[0, 1:]
    found = {"first": row[:5], "last": row[-1], "sum": row.sum()}
    for key, expected in of(name).items():
        np.testing.assert_allclose(found[key], expected, rtol=1e-9)


def test_attention_lrp_of_lxt() -> None:
    tokens, weights = arrays.attention_layer()
    image = keras.Input((2, 2, 3))
    x = layers.Reshape((4, 3), name="tokens")(image)
    attention = layers.MultiHeadAttention(2, 3, value_dim=2, use_bias=False, name="attention")
    x = layers.GlobalAveragePooling1D(name="mean")(attention(x, x))
    model = keras.Model(image, layers.Dense(1, use_bias=False, name="logits")(x))
    model.set_weights(list(weights.values()))
    network, images = Network(model), tokens.reshape(1, 2, 2, 3).astype(np.float32)
    found = lrp_epsilon(network, images, np.array([0]), arrays.EPSILON)
    np.testing.assert_allclose(found.maps.ravel(), of("attention_lrp")["tokens"], rtol=1e-4)


def propagated(rule: Any, operands: list[np.ndarray], given: np.ndarray) -> list[np.ndarray]:
    tensors = [tf.constant(each) for each in operands]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        output = rule(*tensors)
    found = tape.gradient(output, tensors, output_gradients=tf.constant(given))
    return [each.numpy() for each in found]


def test_relevance_of_chefer_et_als_program() -> None:
    expected = of("transformer_relevance")
    dense = arrays.dense()
    layer = layers.Dense(4, use_bias=False, dtype="float64")
    layer.build((None, 3, 4))
    layer.set_weights([dense["kernel"]])
    rule = relevance._rule(layer)
    (found,) = propagated(rule, [dense["x"]], dense["relevance"])
    np.testing.assert_allclose(found, expected["dense"], rtol=1e-6, atol=1e-12)

    product = arrays.product()

    class Product(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return tf.einsum("bhqk,bhkd->bhqd", *inputs)

    rule = relevance._product(Product(dtype="float64"), share=0.5)
    operands = [product["shares"], product["values"]]
    for found, theirs in zip(
        propagated(rule, operands, product["relevance"]), expected["product"], strict=True
    ):
        np.testing.assert_allclose(found, theirs, rtol=1e-6)

    added = arrays.added()
    branches = [added["one"], added["other"]]
    for found, theirs in zip(
        propagated(relevance._added, branches, added["relevance"]), expected["added"], strict=True
    ):
        np.testing.assert_allclose(found, theirs, rtol=1e-6, atol=1e-12)


def test_tcav_of_captum() -> None:
    made = arrays.concept_network()
    image = keras.Input((1, 5, 1))
    x = layers.Dense(6, use_bias=False, activation="tanh", name="activated")(
        layers.Flatten(name="flat")(image)
    )
    squared = layers.Multiply(name="squared")([x, x])
    model = keras.Model(image, layers.Dense(3, use_bias=False, name="logits")(squared))
    model.set_weights([made["hidden"], made["logits"]])
    network, images = Network(model, "float64"), made["images"].reshape(-1, 1, 5, 1)
    targets = np.ones(len(images), np.int64)
    sensitivity = concept_layers.sensitivities(network, images, targets, ["activated"])["activated"]
    vectors = Directions(np.stack([made["vector"], -made["vector"]]), np.ones(2), 1)
    found = tcav.derivatives(sensitivity, vectors, vectors).concept
    np.testing.assert_allclose((found > 0).mean(axis=0), of("tcav")["sign_count"], rtol=1e-6)
