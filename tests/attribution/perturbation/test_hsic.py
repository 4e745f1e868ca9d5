"""HSIC attributions, where the criterion is known."""

import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.attribution.perturbation.hsic import dependence, draw, hsic
from tests.attribution import networks, passes

GREY = np.float32([0.3])


def options(masks: int = 400, grid_size: int = 4, seed: int = 0) -> dict:
    return {"masks": masks, "grid_size": grid_size, "colour": GREY, "seed": seed}


def test_every_cell_is_shown_in_half_of_the_masks() -> None:
    shown = draw(40, 9, seed=1)
    assert shown.shape == (40, 9) and shown.dtype == np.float32
    assert set(np.unique(shown)) == {0, 1}
    np.testing.assert_array_equal(shown.sum(axis=0), 20)
    assert abs(np.corrcoef(shown.T) - np.eye(9)).max() < 0.7
    np.testing.assert_array_equal(draw(40, 9, 1), shown)
    assert not np.array_equal(draw(40, 9, 2), shown)


def test_it_is_the_trace_of_the_centred_kernels() -> None:
    """tr(K H L H) / n², with K = 1/2 - (a - b)², by the matrices themselves."""
    random = np.random.default_rng(0)
    shown, scores = draw(30, 4, seed=3), random.normal(size=30).astype(np.float32)
    distances = np.abs(scores[:, None] - scores)
    width = np.sort(distances[np.triu_indices(30, 1)])[30 * 29 // 4]
    kernel, centring = np.exp(-(distances**2) / (2 * width**2)), np.eye(30) - 1 / 30
    found, chance = dependence(shown, scores)
    for cell in range(4):
        binary = 0.5 - (shown[:, None, cell] - shown[:, cell]) ** 2
        expected = np.trace(binary @ centring @ kernel @ centring) / 30**2
        assert found[cell] == pytest.approx(expected, rel=1e-4)
    # By chance: the mean over random orders of the scores.
    shuffled = [dependence(shown, random.permutation(scores))[0] for _ in range(400)]
    assert np.mean(shuffled) == pytest.approx(chance, rel=0.1)


def test_a_score_that_one_cell_decides() -> None:
    """Of two logits a distance c apart, c the median: s'Ls / n² = (1 - exp(-1/2)) / 2, K halves it.

    Cells that do not matter stay near what is expected of them.
    """
    shown = draw(400, 6, seed=0)
    found, chance = dependence(shown, 3 * shown[:, 2])
    assert found[2] == pytest.approx(0.25 * (1 - np.exp(-0.5)), rel=1e-5)
    others = np.delete(found, 2)
    assert others.max() < 0.05 * found[2] and 0.1 * chance < others.mean() < 4 * chance


def test_a_network_that_looks_at_one_cell() -> None:
    weights = np.zeros((8, 8, 1, 1), np.float32)
    weights[2:4, 4:6] = 1
    network = Network(networks.linear(weights))
    found = hsic(network, np.ones((1, 8, 8, 1), np.float32), np.array([0]), **options())
    map_ = found.maps[0]
    assert np.ptp(map_[2:4, 4:6]) == 0 and map_[2, 4] == map_.max()
    elsewhere = map_.copy()
    elsewhere[2:4, 4:6] = 0
    level = found.numbers["chance_level"][0]
    assert level < 0.02 and elsewhere.max() < 8 * level * map_.max()


def test_it_sees_what_leaves_the_mean_as_it_is() -> None:
    """A cell that only decides how widely the score is spread: no correlation, and dependence."""
    random = np.random.default_rng(0)
    shown = draw(400, 5, seed=0)
    scores = (shown[:, 1] * 2 - 1 + 1.01) * random.choice([-1.0, 1.0], 400)
    scores -= shown[:, 1] * (scores[shown[:, 1] == 1].mean())
    found, chance = dependence(shown, scores.astype(np.float32))
    assert abs(np.corrcoef(shown[:, 1], scores)[0, 1]) < 0.1
    assert found[1] > 10 * max(chance, np.delete(found, 1).max())


def test_two_targets_of_an_image_share_its_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(networks.averaged(np.random.default_rng(2).normal(size=(3, 2)), channels=3))
    counted = passes.count(monkeypatch, network)
    images = networks.images(2, 6, 3)
    hsic(network, images[[0, 1, 0]], np.array([0, 0, 1]), **options(20, 3))
    assert sum(counted) == 2 * 20
