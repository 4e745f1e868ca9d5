"""What the tests of one's own images share."""

from pathlib import Path

import pytest

from tests.datasets.own_images import flat_image, table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images in two classes, one of them with a space and an accent, called by number."""
    root = tmp_path / "my images é"
    for number, value in (("1", 10), ("2", 20), ("3", 30), ("04", 40)):
        flat_image(root / "photos" / f"{number}.png", value)
    table(root, "id,label\n1,cat\n2,dog\n3,cat\n04,dog\n")
    return root
