"""Each bench's goal as the results file has it: met at it, missed beyond it."""

import pytest

from bench import dvc_floor, memory, one_change, startup
from bench.comparison import compare
from bench.results import Measurement


@pytest.mark.parametrize(
    ("at", "beyond"),
    [
        (startup.measured("train", [4.0, 5.0, 9.0]), startup.measured("train", [4.0, 5.1, 5.2])),
        (startup.measured("fetch", [1.0]), startup.measured("fetch", [1.01])),
        (memory.measured("train@a", 2.0, "", 5), memory.measured("train@a", 2.01, "", 5)),
        (
            one_change.measured([11.0, 30.0], [10.0, 12.0], 3, "small cell"),
            one_change.measured([11.1], [10.0], 3, "small cell"),
        ),
        (
            dvc_floor.measured(9, {"study": [13.0, 20.0], "floor": [10.0, 11.0], "bare": [1.0]}),
            dvc_floor.measured(9, {"study": [13.1], "floor": [10.0], "bare": [1.0]}),
        ),
    ],
)
def test_a_goal_is_met_up_to_it(at: Measurement, beyond: Measurement) -> None:
    assert compare(at).met is True
    assert compare(beyond).met is False


def test_a_stage_that_failed_is_a_miss_with_its_reason() -> None:
    found = memory.measured("fetch@mnist", 0.1, "error: no network", 5)
    assert compare(found).met is False
    assert found.absent == {"project": "error: no network"}
