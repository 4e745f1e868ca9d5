"""Why so many images of a cell are explained."""

import pytest

from heatproof.attribution.explaining import images_chosen
from tests.small_cell import load_params

CELL = "simple_cnn-digits"


@pytest.mark.parametrize(
    ("asked", "images", "expected"),
    [
        (3, 1, "1 test image: assess.images asks for 3, and there are no more of these kinds"),
        (3, 4, "4 test images"),
        (3, 5, "5 test images, the maximum by explain.images.max.cpu"),
        (5, 5, "5 test images, the maximum by explain.images.max.cpu"),
        (
            *(7, 7),
            "7 test images, as many as assess.images asks for, which is more than "
            "explain.images.max.cpu",
        ),
    ],
)
def test_what_decided_is_named(asked: int, images: int, expected: str) -> None:
    chosen = {"right_per_class": 1, "wrong_per_class": 1, "max": {"cpu": 5}}
    study = load_params(CELL, budget="cpu", assess={"images": asked}, explain={"images": chosen})
    assert images_chosen(images, study) == expected
