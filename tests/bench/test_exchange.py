"""What the bench hands to PyTorch is the network that Keras runs."""

import numpy as np
import pytest

from bench.explaining import exchange
from heatproof.config import params
from heatproof.run import runtime

pytestmark = pytest.mark.usefixtures("_configured")


@pytest.fixture(scope="module")
def _configured() -> None:
    study = params.load()
    runtime.configure(study.threads, study.seed)


@pytest.mark.parametrize(
    ("size", "window", "stride", "pads"),
    [
        (8, 3, 1, [1, 1, 1, 1]),
        (8, 3, 2, [0, 1, 0, 1]),  # TensorFlow pads at the end first; PyTorch would say 1, 1
        (7, 3, 2, [1, 1, 1, 1]),
        (8, 5, 2, [1, 2, 1, 2]),
        (7, 2, 2, [0, 1, 0, 1]),
        (8, 2, 2, [0, 0, 0, 0]),
    ],
)
def test_padding_same_is_said_in_numbers(
    size: int, window: int, stride: int, pads: list[int]
) -> None:
    import keras

    inputs = keras.Input((size, size, 1))
    layer = keras.layers.Conv2D(1, window, stride, "same", use_bias=False, name="conv")
    model = keras.Model(inputs, layer(inputs))
    described = exchange.layers_of(model)[-1]
    assert described.config["pads"] == pads

    image = np.random.default_rng(0).random((size, size), np.float32)
    top, bottom, left, right = pads
    padded = np.pad(image, ((top, bottom), (left, right)))
    kernel = exchange.weights_of(model)["conv/kernel"][:, :, 0, 0]
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)[::stride, ::stride]
    expected = np.asarray(model(image[None, :, :, None]))[0, :, :, 0]
    assert np.allclose((windows * kernel).sum(axis=(2, 3)), expected, atol=1e-5)


@pytest.mark.parametrize(
    "cell", ["mobilenet_v2-mnist", "efficient_cnn-cifar10", "simple_cnn-mnist"]
)
def test_network_survives_the_folder(cell: str, tmp_path) -> None:
    from heatproof.models.build import build_model

    shape = (32, 32, 3) if cell.endswith("cifar10") else (28, 28, 1)
    model = build_model(params.load(), cell, shape, 10)
    images = np.zeros((2, *shape), np.float32)
    inputs = exchange.Inputs(images, np.zeros(2, np.int64), images, np.ones((2, 10)), "conv", 7)
    layers, weights = exchange.layers_of(model), exchange.weights_of(model)

    exchange.write(tmp_path, layers, weights, inputs)
    read_layers, read_weights, read_inputs = exchange.read(tmp_path)

    assert [layer.name for layer in read_layers] == [layer.name for layer in model.layers]
    known = {layer.name for layer in read_layers}
    assert all(known.issuperset(layer.inputs) for layer in read_layers)
    assert read_layers[0].inputs == ()
    assert sum(array.size for array in read_weights.values()) == model.count_params()
    assert (read_inputs.layer, read_inputs.values) == ("conv", 7)
    assert np.array_equal(read_inputs.logits, inputs.logits)


def test_a_layer_that_nobody_can_read_is_refused() -> None:
    import keras

    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.UpSampling2D(name="larger")(inputs))
    with pytest.raises(ValueError, match=r"'larger'.*UpSampling2D"):
        exchange.layers_of(model)


def test_a_side_with_another_network_is_refused() -> None:
    logits = np.array([[1.0, -10.0]])
    exchange.require_same("PyTorch", logits + 9e-4, logits)
    with pytest.raises(RuntimeError, match="PyTorch"):
        exchange.require_same("PyTorch", logits + 2e-3, logits)
    with pytest.raises(RuntimeError):
        exchange.require_same("PyTorch", logits * np.nan, logits)
