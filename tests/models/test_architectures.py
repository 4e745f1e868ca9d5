"""What holds of every network: logits of a flat graph of Keras layers, ready to be trained."""

import math

import keras
import numpy as np
import pytest

from heatproof.config.params import load
from heatproof.models.build import build_model
from heatproof.run import runtime
from tests.models.networks import COLOUR, GRAY, NAMES, QUICK, SEED, THREADS, network, shared

CLASSES = 10
# Smaller and larger than any of the study, of one channel and of three; built once for all tests.
SMALL, WIDE = (16, 16, 1), (40, 24, 3)


def images(shape: tuple[int, int, int], n: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((n, *shape), dtype=np.float32)


@pytest.mark.parametrize("shape", [SMALL, WIDE], ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_logits_of_any_size(name, shape):
    model = shared(name, shape)
    logits = np.asarray(model(images(shape), training=False))
    assert logits.shape == (4, CLASSES)
    assert logits.dtype == np.float32
    assert np.isfinite(logits).all()
    # Logits, not probabilities: some are negative, and they do not add up to one.
    assert logits.min() < 0
    assert not np.allclose(logits.sum(axis=1), 1, atol=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_graph_of_keras_layers(name):
    model = shared(name, SMALL)
    for layer in model.layers:
        assert not isinstance(layer, keras.Model), layer.name
        assert not isinstance(layer, keras.layers.Lambda), layer.name
        assert isinstance(layer, getattr(keras.layers, type(layer).__name__)), layer.name
    assert model.layers[-1].name == "logits"


@pytest.mark.parametrize("name", NAMES)
def test_it_starts_by_guessing_and_gradients_are_finite_and_reach_every_weight(name):
    import tensorflow as tf

    # A start explodes on images that a network is not for: those of the size of its dataset.
    model = shared(name, GRAY if name in ("simple_cnn", "mnist_cnn") else COLOUR)
    batch, labels = images(model.input_shape[1:], 20), np.arange(20) % CLASSES
    before = [np.asarray(value) for value in model.non_trainable_variables]  # training moves them
    with tf.GradientTape() as tape:
        logits = model(batch, training=True)
        losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        loss = keras.ops.mean(losses)
    # Guessing costs ln(10); a start that explodes through the layers costs tens or hundreds.
    assert 0.9 * math.log(CLASSES) < float(loss) < 3 * math.log(CLASSES)
    weights = [weight.value for weight in model.trainable_weights]
    for weight, gradient in zip(model.trainable_weights, tape.gradient(loss, weights), strict=True):
        assert gradient is not None, weight.path
        values = np.asarray(gradient)
        assert np.isfinite(values).all(), weight.path
        if "bias" not in weight.path:
            assert np.abs(values).max() > 0, weight.path
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        variable.assign(value)


@pytest.mark.parametrize("name", QUICK)
def test_weights_are_read_back(name, tmp_path):
    trained, fresh = shared(name, SMALL), network(name, SMALL, seed=SEED + 1)
    batch = images(SMALL)
    expected = np.asarray(trained(batch, training=False))
    assert not np.allclose(np.asarray(fresh(batch, training=False)), expected)
    trained.save_weights(tmp_path / "of.weights.h5")
    fresh.load_weights(tmp_path / "of.weights.h5")
    np.testing.assert_array_equal(np.asarray(fresh(batch, training=False)), expected)


def test_the_seed_decides_the_first_weights():
    first, same, other = (
        network("simple_cnn", GRAY, seed=seed).get_weights() for seed in (1, 1, 2)
    )
    for one, two in zip(first, same, strict=True):
        np.testing.assert_array_equal(one, two)
    kernels = [index for index, values in enumerate(first) if values.ndim > 1]
    assert len(kernels) == 3
    assert all(not np.array_equal(first[index], other[index]) for index in kernels)


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_has_a_name_of_ours(name):
    # Keras numbers what has no name, so a second network of a process would have other names. The
    # padding and scaling at the front are this test's own.
    front = 3
    models = (shared(name, SMALL), shared(name, WIDE))
    first, second = (
        [layer.name for layer in model.layers if layer.name != "three_channels"]  # of grey ones
        for model in models
    )
    assert first[front:] == second[front:]
    assert not {"conv2d", "dense_1", "activation", "batch_normalization"} & set(first)


@pytest.fixture
def restored_precision():
    before = keras.mixed_precision.dtype_policy()
    yield
    keras.mixed_precision.set_dtype_policy(before)


@pytest.mark.parametrize("name", QUICK)
def test_logits_stay_float32_in_mixed_precision(name, restored_precision):
    model = network(name, SMALL, mixed_precision=True)
    before_last = model.layers[-1].input
    assert before_last.dtype == "bfloat16"
    assert model.output.dtype == "float32"
    assert all(weight.dtype == "float32" for weight in model.weights)


def test_every_model_of_the_study_is_built_at_the_size_of_its_dataset():
    params = load()
    cells = {
        parts.model: cell
        for cell, parts in params.cells.items()
        if params.datasets[parts.dataset].normalisation != "auto"  # which is read from its images
        and params.models[parts.model].is_trained
    }
    assert set(cells) == {parts.model for parts in params.cells.values()} - {
        name for name, model in params.models.items() if not model.is_trained
    }
    for cell in cells.values():
        shape = COLOUR if params.cell(cell).dataset == "cifar10" else GRAY
        runtime.configure(threads=THREADS, seed=SEED)
        model = build_model(params.run(cell), shape, CLASSES)
        assert model.input_shape == (None, *shape), cell
        assert model.output_shape == (None, CLASSES), cell
        assert not any(isinstance(layer, keras.Model) for layer in model.layers), cell
