"""Whether methods come in the same order whichever pixels are removed first."""

from typing import Any

import numpy as np
import pytest

from heatproof.claims.removal import correlation
from heatproof.storage import artifacts
from tests.claims.results import entry, evidence

CLAIM = "road.orders_agree"
BEST_FIRST = {"a": [0.1, 0.2], "b": [0.2, 0.3], "c": [0.3, 0.4], "d": [0.4, 0.5]}
SAME = {name: [1 - each for each in curve] for name, curve in BEST_FIRST.items()}
# At both shares 1, 2, 4, 3 beside 1, 2, 3, 4: Spearman's correlation is 0.8.
NEARLY = {"a": SAME["a"], "b": SAME["b"], "c": SAME["d"], "d": SAME["c"]}


def curves(lerf: dict[str, list[float]]) -> dict[str, Any]:
    return {"morf": BEST_FIRST, "lerf": lerf}


def write(linear: dict[str, list[float]], fixed: dict[str, list[float]]) -> None:
    for cell in evidence().cells_of(evidence().claims[CLAIM]):
        road = {"shares": [0.3, 0.6], "linear": curves(linear), "fixed": curves(fixed)}
        artifacts.write_metrics("assess", cell, {"above_chance": True, "road": road})


def test_correlations_on_paper() -> None:
    assert correlation(curves(SAME)) == pytest.approx(-1)
    assert correlation(curves(BEST_FIRST)) == pytest.approx(1)
    assert correlation(curves(NEARLY)) == pytest.approx(-0.8)
    # The mean over shares; without one of two, of the other.
    mixed = {name: [SAME[name][0], BEST_FIRST[name][1]] for name in SAME}
    assert correlation(curves(mixed)) == pytest.approx(0)
    gone = mixed | {"a": [SAME["a"][0], None]}
    assert correlation(curves(gone | {"b": [SAME["b"][0], None]})) == pytest.approx(-1)
    assert np.isnan(correlation(curves({name: [0.5, 0.5] for name in SAME})))


def test_the_finding_is_one_of_the_two_imputations() -> None:
    write(linear=SAME, fixed=NEARLY)
    held = entry(CLAIM)
    assert held["verdict"] == "holds" and held["measured"]["value"] == pytest.approx(-1)
    assert "−1.00 with noisy linear imputation and −0.80" in held["measured"]["text"]
    assert "5 networks: cifar_cnn-cifar10 −1.00 and −0.80" in held["measured"]["text"]
    write(linear=NEARLY, fixed=SAME)
    assert entry(CLAIM)["verdict"] == "not tested at this budget"


def test_what_it_rests_on_may_be_missing() -> None:
    write(linear=SAME, fixed=SAME)
    artifacts.write_metrics("assess", "resnet18-cifar10", {"above_chance": True})
    missing = entry(CLAIM)
    assert missing["verdict"] == "not run" and "has no ROAD" in missing["sentence"]
