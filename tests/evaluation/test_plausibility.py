"""What labelled pictures say of a stated scaling and order of classes: known answers."""

import numpy as np
import pytest

from heatproof.evaluation.plausibility import remarks

NAMES = ("ant", "bee", "cow")
LABELS = np.arange(90) % 3
STATED = np.arange(3)
RANDOM = np.random.default_rng(0).integers(0, 3, 90)


def rotated(share: float) -> np.ndarray:
    """Outputs one place further than the label, in this share of the images."""
    outputs = (LABELS + 1) % 3
    outputs[round(share * 90) :] = LABELS[round(share * 90) :]
    return outputs


@pytest.mark.parametrize(
    ("outputs", "by_scaling", "beginnings"),
    [
        (LABELS, {"tf": LABELS}, []),
        (
            rotated(0.2),
            {"tf": LABELS, "none": rotated(0.2)},
            ["With the scaling tf, 100.0 % of 90"],
        ),
        (rotated(0.05), {"tf": LABELS}, []),
        (rotated(1.0), {}, ["With the classes [cow, ant, bee], 100.0 % of 90 labelled pictures"]),
        (np.zeros(90, int), {"tf": RANDOM}, ["33.3 % of 90 labelled pictures are right, not cle"]),
        (RANDOM, {}, ["31.1 % of 90 labelled pictures are right, not clearly more than"]),
    ],
)
def test_what_is_implausible_is_said(
    outputs: np.ndarray, by_scaling: dict, beginnings: list[str]
) -> None:
    found = remarks(outputs, by_scaling, LABELS, STATED, NAMES)
    assert len(found) == len(beginnings), found
    assert all(map(str.startswith, found, beginnings)), found


def test_an_order_that_is_stated_is_the_one_that_counts() -> None:
    outputs = rotated(1.0)  # output 0 is that of `cow`, 1 that of `ant`, 2 that of `bee`
    assert remarks(outputs, {}, LABELS, np.array([2, 0, 1]), NAMES) == []
    (sentence,) = remarks(outputs, {}, LABELS, np.array([0, 2, 1]), NAMES)
    assert sentence.startswith("With the classes [cow, ant, bee], 100.0 %")
