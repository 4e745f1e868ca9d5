"""Networks of any making, flat: the same outputs, each step a layer of its own, logits out."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from heatproof.models.flattening import flattened
from heatproof.run.errors import UserError

SIZE = (8, 8, 3)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((3, *SIZE), np.float32)


def nested() -> keras.Model:
    inner = keras.Sequential([layers.Input(SIZE), layers.Conv2D(4, 3, name="conv")])
    image = keras.Input(SIZE)
    middle = keras.Model(image, inner(layers.Rescaling(2.0, -1.0)(image)), name="middle")
    return keras.Sequential([
        layers.Input(SIZE), layers.RandomFlip(), middle,
        layers.Conv2D(4, 3, activation="relu", name="conv"), layers.Flatten(), layers.Dense(5),
    ])  # fmt: skip


def activated() -> keras.Model:
    return keras.Sequential([
        layers.Input(SIZE),
        layers.SeparableConv2D(4, 3, depth_multiplier=2, activation="silu", strides=2),
        layers.DepthwiseConv2D(3, activation="gelu"), layers.BatchNormalization(),
        layers.Flatten(), layers.Dense(6, activation="relu6"), layers.Dense(5),
    ])  # fmt: skip


def recurrent() -> keras.Model:
    """The activation of an LSTM is within it, not after it."""
    image = keras.Input(SIZE)
    rows = layers.Reshape((8, 24))(image)
    return keras.Model(image, layers.Dense(5)(layers.LSTM(3, activation="relu")(rows)))


def operations() -> keras.Model:
    image = keras.Input(SIZE)
    shared = layers.Conv2D(3, 3, padding="same", activation="tanh")
    x = shared(shared(image / 2 - 0.1) * 3 + 1)
    x = keras.ops.relu(x + image) * image
    return keras.Model(image, layers.Dense(5)(layers.Flatten()(x)))


def adapted() -> keras.Model:
    norm = layers.Normalization()
    norm.adapt(np.random.default_rng(1).normal(3, 2, (4, *SIZE)))
    return keras.Sequential([
        layers.Input(SIZE), norm, layers.Conv2D(4, 3, groups=1), layers.LayerNormalization(),
        layers.Flatten(), layers.Dense(5),
    ])  # fmt: skip


def scaled_residual() -> keras.Model:
    image = keras.Input(SIZE)
    x = CustomScaleLayer(0.25)([image, layers.Conv2D(3, 1)(image)])
    return keras.Model(image, layers.Dense(5)(layers.Flatten()(x)))


@pytest.mark.parametrize(
    "made", [nested, activated, recurrent, operations, adapted, scaled_residual]
)
def test_a_flat_copy_computes_the_same(made: Callable[[], keras.Model], images: np.ndarray) -> None:
    model = made()
    before = [np.array(weight) for weight in model.get_weights()]
    flat = flattened(model)
    np.testing.assert_allclose(flat.model(images), model(images, training=False), atol=1e-6)
    assert flat.notes == []
    assert not any("Random" in type(each).__name__ for each in flat.model.layers)
    assert all(isinstance(each, keras.Layer) for each in flat.model.operations)
    assert not any(isinstance(each, keras.Model) for each in flat.model.operations)
    weighted = [each for each in flat.model.layers if each.weights]
    assert all(
        getattr(each, "activation", None) in (None, keras.activations.linear)
        for each in weighted
        if not isinstance(each, layers.LSTM)
    )
    assert not any(isinstance(each, layers.Normalization) for each in weighted)  # constants
    assert not any(isinstance(each, CustomScaleLayer) for each in flat.model.layers)
    weighted[0].set_weights([weight + 1 for weight in weighted[0].get_weights()])
    assert all(map(np.array_equal, before, model.get_weights()))  # what was given is not touched


@pytest.mark.parametrize(
    "end",
    [
        [layers.Dense(5, activation="softmax")],
        [layers.Dense(5), layers.Activation("softmax")],
        [layers.Dense(5), layers.Softmax()],
    ],
)
def test_a_softmax_is_taken_off(end: list[keras.Layer], images: np.ndarray) -> None:
    model = keras.Sequential([layers.Input(SIZE), layers.Flatten(), *end])
    flat = flattened(model)
    assert flat.notes == ["the softmax at its end was taken off: explanations are of logits"]
    np.testing.assert_allclose(keras.ops.softmax(flat.model(images)), model(images), atol=1e-6)
    assert abs(float(keras.ops.sum(flat.model(images)[0])) - 1) > 1e-3


def test_one_sigmoid_unit_becomes_two_logits(images: np.ndarray) -> None:
    model = keras.Sequential([
        layers.Input(SIZE), layers.Flatten(), layers.Dense(1, activation="sigmoid")
    ])  # fmt: skip
    flat = flattened(model)
    probabilities = np.asarray(keras.ops.softmax(flat.model(images)))
    np.testing.assert_allclose(probabilities[:, 1:], model(images), atol=1e-6)
    assert "one sigmoid unit" in flat.notes[0]


def of(*made: keras.Layer, shape: tuple[int | None, ...] = SIZE) -> keras.Model:
    return keras.Sequential([layers.Input(shape), *made])


def of_two_outputs() -> keras.Model:
    image = keras.Input(SIZE)
    return keras.Model(image, [layers.Flatten()(image), layers.Flatten()(image)])


def with_a_layer_of_ones_own() -> keras.Model:
    class Odd(keras.layers.Layer):
        def __init__(self, needed: int) -> None:
            super().__init__()

        def call(self, inputs):
            return inputs

    image = keras.Input(SIZE)
    return keras.Model(image, layers.Dense(2)(layers.Flatten()(Odd(3)(image))))


def with_an_operation() -> keras.Model:
    image = keras.Input(SIZE)
    return keras.Model(image, layers.Dense(2)(layers.Flatten()(keras.ops.sort(image))))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: of(layers.Dense(2), shape=(10,)), "expected one batch of images"),
        (lambda: of(layers.Conv2D(2, 3)), "expected one score per class"),
        (lambda: of(layers.Flatten(), layers.Dense(1)), "it gives one number"),
        (lambda: of(layers.Flatten(), layers.Dense(3, activation="sigmoid")), "ends in sigmoid"),
        (lambda: of(layers.GlobalAveragePooling2D(), shape=(None, None, 3)), "of any size"),
        (lambda: keras.Sequential([layers.Dense(2)]), "no input shape yet"),
        (of_two_outputs, "expected one score per class"),
        (with_an_operation, "'Sort'"),
        (with_a_layer_of_ones_own, r"\(Odd\) cannot be copied"),
    ],
)
def test_what_is_no_image_classifier_is_refused(
    made: Callable[[], keras.Model], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        flattened(made())


def test_a_mask_is_named() -> None:
    """Keras computes it between the layers by operations that nobody wrote."""
    image = keras.Input((8, 8, 1))
    masked = layers.Masking()(layers.Reshape((8, 8))(image))
    model = keras.Model(image, layers.Dense(3)(layers.LSTM(4, name="read")(masked)))
    with pytest.raises(UserError, match=r"a mask for 'read'.*Masking.*leave that layer out"):
        flattened(model)
    other = keras.ops.cast(keras.ops.not_equal(image, 0.0), "float32")
    with pytest.raises(UserError, match=r"'NotEqual'.*write it as a layer"):
        flattened(keras.Model(image, layers.Dense(3)(layers.Flatten()(other))))
