"""Heads of attention, on weights that say where they attend."""

import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.attribution.core.token_grids import TokenGrid
from heatproof.attribution.core.tokens import Axis, Tokens
from heatproof.features.attention_heads import agreement, distances, heads
from tests.attribution import networks
from tests.attribution.attending import CHANNELS, SIDE, attending


def test_how_far_apart_places_are() -> None:
    axes = Axis(1.5, 4.0, 2), Axis(1.0, 3.0, 2)
    apart = distances(Tokens((), TokenGrid(2, 2), axes, "mean"))
    np.testing.assert_allclose(apart, [[0, 3, 4, 5], [3, 0, 5, 4], [4, 5, 0, 3], [5, 4, 3, 0]])


def test_agreement_is_the_mean_rank_correlation_of_every_two_heads() -> None:
    rising, falling = np.arange(4.0).reshape(2, 2), -np.arange(4.0).reshape(2, 2)
    flat = np.ones((2, 2))
    # Alike: 1; of three, one opposed: (1 - 1 - 1) / 3; a map without an order has no say.
    maps = np.array([[rising, 2 * rising, rising], [rising, rising**3, falling],
                     [rising, falling, flat], [flat, flat, rising]])  # fmt: skip
    np.testing.assert_allclose(agreement(maps), [1, -1 / 3, -1, np.nan])
    assert np.isnan(agreement(maps[:, :1])).all()


def test_a_head_that_attends_to_all_alike_and_one_that_attends_to_itself() -> None:
    """Scores of zero; and scores that grow with the token's own, without end."""
    model = attending(pooled=False, blocks=1)
    layer = model.get_layer("attention_0")
    query, bias, key, *others = layer.get_weights()
    query[:, 0], bias[0] = 0, 0  # the first head
    layer.set_weights([query, bias, key, *others])
    images = networks.images(4, SIDE, CHANNELS)
    maps, metrics = heads(Network(model), images, shown=3)
    (name,) = maps
    assert maps[name].shape == (3, 2, 2, 2) and metrics["images"] == 4
    np.testing.assert_allclose(
        maps[name][:, 0], 1 / 5, rtol=1e-5
    )  # of five tokens, one is no place
    found = metrics["layers"][name]
    assert found["heads"] == 2 and metrics["reader"] == "class token"
    assert found["entropy"][0] == pytest.approx(1, rel=1e-5) and 0 < found["entropy"][1] < 1
    assert found["distance"][0] == pytest.approx(metrics["uniform_distance"], rel=1e-5)
    assert metrics["uniform_distance"] == pytest.approx((4 + 4 + np.sqrt(32)) / 4)
    # A flat map has no order, so that there is nothing to agree on.
    assert found["agreement"] is None and found["agreement_std"] is None


def test_pooled_heads_have_an_agreement_with_its_spread() -> None:
    maps, metrics = heads(Network(attending(pooled=True)), networks.images(4, SIDE, CHANNELS), 2)
    assert metrics["tokens"] == [2, 2] and metrics["reader"] == "pooling" and len(maps) == 2
    for name, found in metrics["layers"].items():
        np.testing.assert_allclose(maps[name].sum(axis=(2, 3)), 1, rtol=1e-5)
        assert -1 <= found["agreement"] <= 1 and found["agreement_std"] >= 0
