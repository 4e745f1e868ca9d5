"""A cell's methods beside its controls, image by image: what the verdict rests on.

A method is *beyond* a control by a measure where the 95 % interval of their difference over images
lies above zero, and *behind* where it does not reach above zero. Differences are of the same
images, so that how hard an image is cancels; of two intervals of their own that do not meet, many a
clear difference would go unseen. A control compared with itself differs by nothing, and is behind:
no control passes.

Measures that rank a control above most methods on the cell take no part (`summary.uninformative`).
That cannot be asked of stability, which a map that is always the same has by construction; there,
the control is noise alone, which moves as much as a map can that has nothing to do with the image.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from heatproof.statistics.bootstrap import mean_interval
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import Table, base
from heatproof.trust.registry import MEASURES

FAITHFUL, STABLE, TRUE = "faithful", "stable", "truth"
PLANTED = "planted"  # the kind of mask that is the truth; others are an object's, or a guess
_GROUPS = {FAITHFUL: "faithfulness", STABLE: "robustness", TRUE: "truth"}
_CONTROLS = {FAITHFUL: tuple(CONTROLS), STABLE: ("random",), TRUE: tuple(CONTROLS)}


def beside_controls(
    table: Table, uninformative: Collection[str], mask: str | None, samples: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Put every method, and every control as if it were one, beside the controls.

    Args:
        table: measure -> method or control -> float (rows,), one number per image.
        uninformative: measures that take no part, but for stability.
        mask: how it is known where the evidence is; only what was planted is the truth.
        samples: bootstrap draws of the images.
        seed: of the draws.

    Returns:
        test -> `measures`, those that took part, and `methods`: method or control -> `beyond`, the
        measures by which it is beyond every control, and `behind`, measure -> the controls that it
        is behind. A test that no measure can decide is not there.
    """
    found = {}
    for test, controls in _CONTROLS.items():
        if test == TRUE and mask != PLANTED:
            continue
        chosen = {
            name: by_method
            for name, by_method in table.items()
            if _counts(name, test, uninformative) and set(controls) <= set(by_method)
        }
        if chosen:
            found[test] = _of_measures(chosen, controls, samples, seed)
    return found


def is_tested(name: str) -> bool:
    """Return whether a measure may decide a test of the verdict."""
    measure = MEASURES[base(name)]
    return measure.group in _GROUPS.values() and measure.shown


def _counts(name: str, test: str, uninformative: Collection[str]) -> bool:
    informative = test == STABLE or name not in uninformative
    return is_tested(name) and MEASURES[base(name)].group == _GROUPS[test] and informative


def _of_measures(
    chosen: Table, controls: tuple[str, ...], samples: int, seed: int
) -> dict[str, Any]:
    names = dict.fromkeys(name for by_method in chosen.values() for name in by_method)
    compared: dict[str, dict[str, Any]] = {name: {"beyond": [], "behind": {}} for name in names}
    for measure, by_method in chosen.items():
        sign = MEASURES[base(measure)].merit(1.0)
        for name, values in by_method.items():
            signs = _beside(values, {c: by_method[c] for c in controls}, sign, samples, seed)
            if all(each > 0 for each in signs.values()):
                compared[name]["beyond"].append(measure)
            if behind := [control for control, each in signs.items() if each < 0]:
                compared[name]["behind"][measure] = behind
    return {"measures": list(chosen), "methods": compared}


def _beside(
    values: np.ndarray, controls: Mapping[str, np.ndarray], sign: float, samples: int, seed: int
) -> dict[str, int]:
    """Say of each control whether a method is beyond it (1), behind it (-1), or neither (0)."""
    found = {}
    for name, control in controls.items():
        rows = min(len(values), len(control))
        difference = sign * (values[:rows].astype(np.float64) - control[:rows])
        _, low, high = mean_interval(difference, samples, seed)
        found[name] = int(low > 0) - int(high <= 0)
    return found
