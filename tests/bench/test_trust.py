"""The trust bench's smaller share of the images."""

import numpy as np

from bench.trust import first
from stages.trust.examination import Subject


def test_a_share_of_the_images_keeps_all_maps_and_baselines() -> None:
    images = np.arange(5.0, dtype=np.float32)[:, None, None, None] * np.ones((2, 2, 1), np.float32)
    maps = {"a": images[..., 0], "b": -images[..., 0]}
    share = first(Subject(images, np.arange(5), maps, {"black": images + 10}, None), 2)
    assert share.targets.tolist() == [0, 1]
    assert list(share.maps) == ["a", "b"]
    for array in (share.images, *share.maps.values(), *share.baselines.values()):
        assert len(array) == 2
    assert (share.baselines["black"] == images[:2] + 10).all()
