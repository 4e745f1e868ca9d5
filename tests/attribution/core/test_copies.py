"""How copies of an image are divided into batches."""

from types import SimpleNamespace

import pytest

from heatproof.attribution.core.copies import slices


@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [
        (50, 50, [(0, 50, 1)]),
        (47, 50, [(0, 25, 2), (25, 50, 2)]),
        (128, 50, [(0, 50, 3)]),
        (120, 50, [(0, 50, 2)]),
        (4, 10, [(0, 3, 1), (3, 6, 1), (6, 10, 1)]),
        (1, 2, [(0, 1, 1), (1, 2, 1)]),
    ],
)
def test_all_copies_once_in_equal_parts_and_batches_as_full_as_may_be(
    size: int, count: int, expected: list[tuple[int, int, int]]
) -> None:
    found = slices(SimpleNamespace(batch_size=size), count)
    assert [(part.start, part.stop, images) for part, images in found] == expected
