"""A published accuracy on another dataset beside the measured one."""

import numpy as np
import pytest

from heatproof.storage import domain_files
from tests.claims.results import STUDY, entry

CLAIM = "simple_cnn-mnist.on_usps"  # 73.6 to 76.8 %


@pytest.mark.parametrize(
    ("right", "verdict"),
    [(750, "holds"), (900, "exceeded"), (538, "not tested at this budget")],
)
def test_it_is_judged_by_its_interval_and_never_as_the_same_protocol(right, verdict):
    labels = np.arange(1000) % 10
    predicted = np.where(np.arange(1000) < right, labels, (labels + 1) % 10)
    domain_files.write("simple_cnn-mnist", {"labels": labels, "predicted": predicted}, "usps")
    compared = entry(CLAIM)
    assert compared["verdict"] == verdict and compared["as_published"] is False
    assert compared["measured"]["value"] == pytest.approx(right / 1000)
    assert compared["measured"]["text"] == f"{right / 10:.2f} %"
    assert compared["measured"]["low"] < right / 1000 < compared["measured"]["high"]
    assert "Another network was trained" in compared["sentence"]
    assert compared["subject"] == "simple_cnn on mnist, tested on usps"
    assert compared["published"]["text"] == "73.6 to 76.8 %"


def test_what_was_not_run_says_what_is_missing():
    assert entry(CLAIM)["verdict"] == "not run"
    assert "on-usps.npz is missing: `dvc repro evaluate_on@" in entry(CLAIM)["sentence"]
    without = STUDY.model_copy(update={"evaluate_on": {}})
    sentence = entry(CLAIM, without)["sentence"]
    assert sentence == "params.yaml has no 'simple_cnn-mnist-on-usps' under evaluate_on."
