"""Presets of augmentation: their numbers follow the images' size; what is given counts."""

import pytest

from heatproof.config import params
from heatproof.datasets.options import Augmentation
from heatproof.training.presets import PRESETS, filled_in
from tests.scratch import ROOT


def options(given: object, side: int) -> dict[str, object]:
    found = filled_in(Augmentation.model_validate(given), side, side + 10)
    return {name: value for name, value in found.model_dump(exclude={"preset"}).items() if value}


@pytest.mark.parametrize(
    ("given", "side", "expected"),
    [
        ("none", 32, {}),
        ({}, 32, {}),
        ("digits", 28, {"shift_pixels": 2}),
        ("digits", 16, {"shift_pixels": 1}),
        ({"preset": "digits", "flip": True}, 28, {"shift_pixels": 2, "flip": True}),
        (
            "objects",
            32,
            {"shift_pixels": 4, "flip": True, "brightness": 0.1, "contrast": 0.1,
             "cutout_pixels": 8},
        ),
        (
            {"preset": "objects", "flip": False, "shift_pixels": 3, "cutout_pixels": 0},
            224,
            {"shift_pixels": 3, "brightness": 0.1, "contrast": 0.1},
        ),
        ({"shift_pixels": 2, "mixup_alpha": 0.2}, 99, {"shift_pixels": 2, "mixup_alpha": 0.2}),
    ],
)  # fmt: skip
def test_what_is_not_given_is_the_presets(given: object, side: int, expected: dict) -> None:
    assert options(given, side) == expected


def test_every_preset_that_params_yaml_may_name_is_there() -> None:
    assert set(PRESETS) == set(Augmentation.model_fields["preset"].annotation.__args__)
    study = params.load(ROOT / "params.yaml")
    used = {name: dataset.augmentation.preset for name, dataset in study.datasets.items()}
    assert used["mnist"] == "digits" and used["cifar10"] == "objects"
