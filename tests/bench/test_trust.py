"""The trust bench's smaller share of the images."""

import numpy as np
import pytest

from bench import limits
from bench.trust import Measured, first, shares
from heatproof.trust.examination import Subject


def test_a_share_of_the_images_keeps_all_maps_and_baselines() -> None:
    images = np.arange(5.0, dtype=np.float32)[:, None, None, None] * np.ones((2, 2, 1), np.float32)
    maps = {"a": images[..., 0], "b": -images[..., 0]}
    share = first(Subject(images, np.arange(5), maps, {"black": images + 10}, None), 2)
    assert share.targets.tolist() == [0, 1]
    assert list(share.maps) == ["a", "b"]
    for array in (share.images, *share.maps.values(), *share.baselines.values()):
        assert len(array) == 2
    assert (share.baselines["black"] == images[:2] + 10).all()


def test_the_share_is_of_the_products_a_second() -> None:
    found = Measured(1, passed=1000, gflop=0.5, measures=[20.0, 10.0], bare=[1.0])
    assert shares(found, 200.0) == {limits.PRODUCT: pytest.approx(0.25)}
    assert shares(found, None) == {}
