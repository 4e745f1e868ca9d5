"""Sobol attributions, where the indices are known in closed form."""

import keras
import numpy as np
import pytest
from keras import layers
from pydantic import ValidationError

from heatproof.attribution.core.network import Network
from heatproof.attribution.perturbation.cell_masks import enlarged
from heatproof.attribution.perturbation.sobol import METHODS, SobolOptions, sobol
from tests.attribution import networks, passes

GREY = np.float32([0.3])


def options(pairs: int = 256, grid_size: int = 4, seed: int = 0) -> dict:
    return {"pairs": pairs, "grid_size": grid_size, "colour": GREY, "seed": seed}


def test_linear_network() -> None:
    """A cell has the effect w (x - colour) of its pixels, and of all squared effects its share."""
    weights = np.random.default_rng(0).normal(size=(8, 10, 1, 2)).astype(np.float32)
    image = np.random.default_rng(1).random((1, 8, 10, 1)).astype(np.float32)
    found = sobol(Network(networks.linear(weights)), image, np.array([1]), **options())
    effects = ((image[0] - GREY) * weights[..., 1]).sum(axis=-1)
    cells = np.arange(8) * 4 // 8, np.arange(10) * 4 // 10
    summed = np.zeros((4, 4))
    np.add.at(summed, (cells[0][:, None], cells[1][None]), effects)
    expected = enlarged((summed**2 / (summed**2).sum())[None], (8, 10))[0]
    assert found.maps.dtype == np.float32
    np.testing.assert_allclose(found.maps[0], expected, atol=0.02)
    assert found.numbers["index_sum"][0] == pytest.approx(1, abs=0.03)
    assert found.numbers["relative_error"][0] < 0.1


def test_cells_that_act_together_sum_to_more_than_one() -> None:
    """S = relu(a + b - 1) with a and b uniform, faded cells: V = 1/12 - 1/36 = 1/18.

    Given b, S is relu(a - (1 - b)), whose variance is b³/3 - b⁴/4, and 1/12 - 1/20 = 1/30 in the
    mean over b. So a's index is (1/30) / (1/18) = 0.6, and b's.
    """
    inputs = keras.Input((1, 2, 1))
    x = layers.Conv2D(1, (1, 2), activation="relu", name="both")(inputs)
    model = keras.Model(inputs, layers.Dense(1, name="logits")(layers.Flatten()(x)))
    model.set_weights([np.ones((1, 2, 1, 1)), -np.ones(1), np.ones((1, 1)), np.zeros(1)])
    image, black = np.ones((1, 1, 2, 1), np.float32), 0 * GREY
    found = sobol(Network(model), image, np.array([0]), **options(1024, 2) | {"colour": black})
    np.testing.assert_allclose(found.maps[0], [[0.6, 0.6]], atol=0.03)
    assert found.numbers["index_sum"][0] == pytest.approx(1.2, abs=0.05)


def test_the_error_that_is_said_is_the_error_there_is() -> None:
    """Of a linear network the map is known; said is the error's share of the map's own spread."""
    weights = np.random.default_rng(3).normal(size=(6, 6, 1, 1)).astype(np.float32)
    network, image = Network(networks.linear(weights)), np.ones((1, 6, 6, 1), np.float32)
    effects = weights[..., 0].reshape(3, 2, 3, 2, 1).sum(axis=(1, 3, 4))
    known = effects**2 / (effects**2).sum()
    for pairs in (8, 64):
        found = [sobol(network, image, np.array([0]), **options(pairs, 3, s)) for s in range(8)]
        error = np.mean([((each.maps[0, ::2, ::2] - known) ** 2).mean() for each in found]) ** 0.5
        spread = np.mean([each.maps[0].std() for each in found])
        said = np.mean([each.numbers["relative_error"] for each in found])
        # A sequence that is spread evenly is better than independent masks, of which it is said.
        assert 0.2 * said < error / spread < 1.3 * said


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))
    images = networks.images(2, 6, 3)
    counted = passes.count(monkeypatch, network)
    chosen = SobolOptions(pairs=4, grid_size=3)
    sobol(network, images[[0, 1, 0]], np.array([0, 0, 1]), **options(4, 3))
    assert sum(counted) == 2 * METHODS[0].passes(chosen, (6, 6)).forward == 2 * 4 * 11


def test_pairs_are_a_power_of_two() -> None:
    with pytest.raises(ValidationError, match="12 is no power of two"):
        SobolOptions(pairs=12)
