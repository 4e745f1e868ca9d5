"""Which rows are assessed: each image once, evenly spread over the classes."""

import numpy as np

from heatproof.storage.records import Explanations
from heatproof.trust.assessment import one_per_image


def test_each_image_counts_once_evenly_spread() -> None:
    index = np.repeat(np.arange(10), 2)
    predicted = index % 3
    rows = Explanations(
        image_index=index,
        label=predicted,
        predicted=predicted,
        target=np.where(np.arange(20) % 2 == 0, predicted, predicted + 1),
        confidence=np.zeros(20, np.float32),
        images=np.zeros((20, 2, 2, 1), np.uint8),
        maps={"method": np.arange(20, dtype=np.float32)[:, None, None]},
        class_names=("a", "b", "c", "d"),
    )
    assert sorted(one_per_image(rows, 99, 0).image_index) == list(range(10))
    few = one_per_image(rows, 4, 0)
    assert sorted(few.image_index) == [0, 3, 6, 9]
    assert (few.maps["method"].ravel() == 2 * few.image_index).all()
