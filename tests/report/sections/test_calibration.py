import pytest

from heatproof.report.sections import calibration
from heatproof.report.sections.calibration import BOTTOM, LEFT, RIGHT, TOP, reliability


def bin_of(low, high, count, confidence, accuracy):
    span = {"low": low, "high": high, "count": count}
    return span | {"confidence": confidence, "accuracy": accuracy}


def test_a_dot_lies_at_its_confidence_and_accuracy():
    made = reliability([bin_of(0, 0.5, 5, 0.25, 0.5), bin_of(0.5, 1, 500, 1.0, 1.0)])
    low, high = made.bins
    assert low.x == pytest.approx(LEFT + 0.25 * (RIGHT - LEFT), abs=0.01)
    assert low.y == pytest.approx((TOP + BOTTOM) / 2, abs=0.01)
    assert low.ideal_y == pytest.approx(BOTTOM - 0.25 * (BOTTOM - TOP), abs=0.01)
    assert (high.x, high.y, high.ideal_y) == (RIGHT, TOP, TOP)
    assert high.bar_height == calibration.STRIP_BOTTOM - calibration.STRIP_TOP
    assert low.few
    assert not high.few


def test_empty_bins_are_left_out():
    made = reliability([bin_of(0, 0.5, 0, None, None), bin_of(0.5, 1, 40, 0.9, 0.8)])
    assert len(made.bins) == 1
    assert made.description == (
        "confidence 50 to 100 %: 40 images, mean confidence 90.0 %, accuracy 80.0 %"
    )
    assert reliability([bin_of(0, 1, 0, None, None)]) is None
