"""Several methods applied to the same rows: maps, numbers, reasons, milliseconds, a summary."""

import time
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heatproof.attribution.core.attributions import SetUp, attribute, summary
from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.run.progress import Progress

IMAGES, TARGETS = np.zeros((4, 2, 2, 1), np.float32), np.zeros(4, np.int64)
SECONDS = 0.02
NETWORK: Any = SimpleNamespace(sharing=nullcontext, saved_seconds=0.0)


def slow(network, images, targets) -> Attribution:
    time.sleep(SECONDS)
    maps = np.ones((len(images), 2, 2), np.float32)
    maps[0] = 0
    return Attribution(maps, {"error": np.array([np.nan, 1.0, 2.0, 6.0])[: len(images)]})


def unfit(network, images, targets) -> Attribution:
    raise UnsupportedNetwork("no such layer")


def test_each_method_has_maps_and_milliseconds_per_image_or_a_reason() -> None:
    result = attribute(NETWORK, {"slow": slow, "unfit": unfit}, IMAGES, TARGETS)
    assert list(result.maps) == ["slow"] and result.maps["slow"].shape == (4, 2, 2)
    assert result.unsupported == {"unfit": "no such layer"}
    assert list(result.timing) == ["slow_ms_per_image"]
    least = 1000 * SECONDS / len(IMAGES)
    assert least * 0.9 < result.timing["slow_ms_per_image"] < 100 * least


def test_what_is_compiled_for_a_size_of_batch_is_not_timed() -> None:
    compiled = set()

    def compiling(network, images, targets) -> Attribution:
        if len(images) not in compiled:
            compiled.add(len(images))
            time.sleep(10 * SECONDS)
        return Attribution(np.ones((len(images), 2, 2), np.float32), {})

    result = attribute(NETWORK, {"compiling": compiling}, IMAGES, TARGETS)
    assert result.timing["compiling_ms_per_image"] < 1000 * SECONDS / len(IMAGES)


def test_what_is_set_up_once_may_take_fewer_passes() -> None:
    """It is called of one image, in the method's place; the progress expects what is left."""
    calls = []

    def recorded(kind: str, passes: int, network, images, targets) -> Attribution:
        calls.append((kind, len(images)))
        progress.advance(passes * len(images))
        return slow(network, images, targets)

    progress = Progress("explaining", 1)
    expected = []
    progress.expect = expected.append
    set_ups = {"slow": SetUp(partial(recorded, "few", 5), 0.25)}
    method = partial(recorded, "all", 20)
    result = attribute(NETWORK, {"slow": method}, IMAGES, TARGETS, progress, set_ups)
    assert calls[:2] == [("few", 1), ("all", 4)] and set(calls[2:]) <= {("all", 4)}
    assert expected == [None, 20 * 4]
    assert result.numbers["slow"]["error"][-1] == 6


def test_a_bug_is_no_result() -> None:
    def broken(network, images, targets) -> Attribution:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        attribute(NETWORK, {"broken": broken}, IMAGES, TARGETS)


def test_a_summary_counts_empty_maps_and_describes_numbers() -> None:
    told = summary(attribute(NETWORK, {"slow": slow, "unfit": unfit}, IMAGES, TARGETS))
    assert told["slow"]["zero_maps"] == 1
    assert told["slow"]["error"] == {"mean": 3.0, "median": 2.0, "min": 1.0, "max": 6.0}
    assert told["unfit"] == {"unsupported": "no such layer"}
