"""Comparing two networks: the same one, the same one reordered, and one that shares nothing."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from heatproof.attribution import registry
from heatproof.attribution.core.explained_cell import Findings
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.comparisons.map_agreement import MEASURES
from heatproof.comparisons.network_maps import KEPT
from heatproof.comparisons.options import RunComparisonOptions
from heatproof.comparisons.run_comparison import compare_networks
from heatproof.datasets.pixels import UnitImages
from tests.attribution import architectures

OPTIONS = RunComparisonOptions(images=6, draws=20)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return architectures.shared("simple_cnn").images(6)


def compared(first: keras.Model, second: keras.Model, images: np.ndarray | UnitImages) -> Findings:
    """Compare by two methods, in their first order."""
    records = {name: registry.methods()[name].options() for name in ("gradcam", "saliency")}
    context = Context(np.zeros((1, *images.shape[1:]), np.uint8), 0)
    methods = registry.with_options(records, context)
    return compare_networks(first, second, methods, images, OPTIONS, samples=100, seed=0)


def reordered(model: keras.Model, order: np.ndarray) -> keras.Model:
    """Return simple_cnn with the first layer's filters in another order: the same function."""
    other = architectures.build("simple_cnn")
    kernel, bias = model.get_layer("conv1").get_weights()
    other.get_layer("conv1").set_weights([kernel[..., order], bias[order]])
    kernel, bias = model.get_layer("conv2").get_weights()
    other.get_layer("conv2").set_weights([kernel[:, :, order], bias])
    return other


def test_the_same_network_in_another_order(images: np.ndarray) -> None:
    model = architectures.shared("simple_cnn").model
    order = np.random.default_rng(0).permutation(8)
    found = compared(model, reordered(model, order), images)
    filters = found.metrics["filters"]["conv1"]
    assert filters["signed"]["mean"] == pytest.approx(1, abs=1e-6)
    assert filters["signed"]["above_redrawn"] == 1
    partner = found.arrays["partner/conv1"]
    assert order[partner].tolist() == list(range(8))
    np.testing.assert_array_equal(
        found.arrays["other_filters/conv1"][partner], found.arrays["filters/conv1"]
    )
    rows = [axes.get_images()[0].get_array() for axes in found.figure.axes]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert found.metrics["images"] == found.metrics["same_prediction"] == 6
    for method in ("gradcam", "saliency"):
        maps = found.metrics["maps"]["methods"][method]
        for measure in MEASURES:
            assert maps["same"][measure]["mean"] > 0.99
            assert maps["other_image"][measure]["mean"] < 0.9
            assert maps["randomised"][measure]["mean"] < 0.9
        np.testing.assert_allclose(
            found.arrays[f"map/{method}"], found.arrays[f"other_map/{method}"], rtol=1e-3, atol=1e-4
        )


def test_another_network(images: np.ndarray) -> None:
    model, other = (
        architectures.shared("simple_cnn").model,
        architectures.build("simple_cnn", None, 9),
    )
    found = compared(model, other, images)
    filters = found.metrics["filters"]["conv1"]["signed"]
    assert filters["mean"] < 0.8
    assert filters["itself"] == pytest.approx(1, abs=1e-12)
    target = Network(model).logits(images).argmax(axis=1)
    np.testing.assert_array_equal(found.arrays["target"], target)
    agree = int((target == Network(other).logits(images).argmax(axis=1)).sum())
    assert found.metrics["same_prediction"] == agree < 6
    gradients = [np.abs(Network(m).score_gradients(images, target)).max(-1) for m in (model, other)]
    for row in range(6):
        one, twin = gradients[0][row].ravel(), gradients[1][row].ravel()
        following = gradients[1][(row + 1) % 6].ravel()
        for pair, each in (("same", twin), ("other_image", following)):
            values = found.arrays[f"agreement/{pair}/spearman/saliency"]
            assert values[row] == pytest.approx(spearmanr(one, each).statistic, abs=1e-5)


def normalised(sign: float) -> keras.Model:
    """Return conv -> batch norm -> relu -> dense; sign -1 turns kernels and normalisation."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, use_bias=False, name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="conv_bn")(x)
    x = keras.layers.Activation("relu", name="conv_relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, name="logits")(x))
    architectures.randomise(model, seed=0)
    (kernel,) = model.get_layer("conv").get_weights()
    gamma, beta, mean, variance = model.get_layer("conv_bn").get_weights()
    model.get_layer("conv").set_weights([sign * kernel])
    model.get_layer("conv_bn").set_weights([sign * gamma, beta, sign * mean, variance])
    return model


def test_filters_are_compared_as_they_act() -> None:
    """A negative filter that batch normalisation turns back is the same filter."""
    images = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    found = compared(normalised(1.0), normalised(-1.0), images)
    assert found.metrics["filters"]["conv"]["signed"]["mean"] == pytest.approx(1, abs=1e-6)
    assert found.arrays["partner/conv"].tolist() == list(range(6))
    same = found.metrics["maps"]["methods"]["saliency"]["same"]["spearman"]
    assert same["mean"] == pytest.approx(1, abs=1e-3)


def test_no_images_and_one() -> None:
    model = architectures.shared("simple_cnn").model
    found = compared(model, model, np.zeros((0, 28, 28, 1), np.float32))
    overall = found.metrics["maps"]["overall"]["same"]["spearman"]
    assert found.metrics["images"] == overall["images"] == 0
    assert np.isnan(overall["mean"])
    one = (255 * architectures.shared("simple_cnn").images(1)).astype(np.uint8)
    found = compared(model, model, UnitImages(one))
    assert found.arrays["agreement/same/spearman/saliency"][0] == pytest.approx(1, abs=1e-6)
    assert np.isnan(found.arrays["agreement/other_image/spearman/saliency"][0])


def test_only_the_first_maps_are_kept_of_many_images() -> None:
    """More images than one block has: each is compared as it would be in a block of its own."""
    model, other = architectures.shared("simple_cnn").model, architectures.build("simple_cnn")
    images = np.random.default_rng(0).integers(0, 256, (103, 28, 28, 1)).astype(np.uint8)
    found = compared(model, other, UnitImages(images))
    assert len(found.arrays["map/saliency"]) == len(found.arrays["other_map/gradcam"]) == KEPT
    values = found.arrays["agreement/same/overlap/saliency"]
    assert len(values) == 103
    last = compared(model, other, UnitImages(images[-2:]))
    np.testing.assert_allclose(
        values[-2:], last.arrays["agreement/same/overlap/saliency"], atol=0.03
    )
