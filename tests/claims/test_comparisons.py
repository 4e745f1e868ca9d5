"""Networks against each other, as the published texts compare them."""

import numpy as np
import pytest

from heatproof.claims import comparisons
from tests.claims.results import BIG, IMAGES, PAPER, ROWS, entry, write_big, write_training


def test_who_is_ahead_is_tested_only_as_published():
    write_big(ROWS)
    assert entry("efficient_cnn_most_accurate", PAPER)["verdict"] == "holds"
    compared = entry("efficient_cnn_most_accurate")
    assert compared["verdict"] == "not tested at this budget"
    assert "first on 3 of 3" in compared["sentence"]
    assert "overlap on mnist and fashion_mnist." in compared["sentence"]
    write_big(ROWS | {"cifar10": (0.6, 0.7, 0.8)})
    lost = entry("efficient_cnn_most_accurate", PAPER)
    assert lost["verdict"] == "does not hold"
    assert "cifar10: resnet18 80.00 %" in lost["measured"]["text"]


def test_accuracy_per_parameter_may_be_settled_by_arithmetic():
    write_big(ROWS, mobilenet_v2=2_000_000, efficient_cnn=1_000_000, resnet18=10_000_000)
    compared = entry("mobilenet_v2_per_parameter")
    assert compared["verdict"] == "does not hold"  # 0.99 per million is out of reach of 1 / 2
    assert "fewer than 1.01 M" in compared["sentence"]
    write_big(ROWS, mobilenet_v2=800_000, efficient_cnn=1_000_000, resnet18=10_000_000)
    assert entry("mobilenet_v2_per_parameter")["verdict"] == "not tested at this budget"
    assert entry("mobilenet_v2_per_parameter", PAPER)["verdict"] == "holds"


def test_shares_of_the_best_accuracy_and_of_the_parameters():
    write_big(ROWS, mobilenet_v2=200, resnet18=1000)
    compared = entry("mobilenet_v2_accuracy_share", PAPER)
    assert compared["verdict"] == "does not hold"  # 98.0, 96.8 and 85.7 %
    assert "Measured are 85.7 to 98.0 %" in compared["sentence"]
    assert "own table gives 97.6 to 99.7 %" in compared["sentence"]
    assert entry("mobilenet_v2_parameter_share")["verdict"] == "holds"  # 20 %
    write_big(ROWS, mobilenet_v2=30, resnet18=1000)
    small = entry("mobilenet_v2_parameter_share")
    assert (small["verdict"], small["measured"]["text"]) == ("does not hold", "3.0 %")
    assert "would be 180 to 250 parameters" in small["sentence"]


def test_gaps_widen_from_each_dataset_to_the_next():
    write_big(ROWS)  # 2, 3 and 10 points
    assert entry("gaps_widen", PAPER)["verdict"] == "holds"
    write_big(ROWS | {"fashion_mnist": (0.92, 0.93, 0.92)})
    assert entry("gaps_widen", PAPER)["verdict"] == "does not hold"


def test_a_curve_is_stable_that_does_not_fall_back():
    assert comparisons.mean_fall(np.array([0.5, 0.6, 0.5, 0.9, 0.7])) == pytest.approx(0.3 / 4)
    assert comparisons.mean_fall(np.array([0.5])) == 0
    calm, wild = [0.1, 0.2, 0.3, 0.4, 0.5], [0.1, 0.5, 0.2, 0.6, 0.3]
    for dataset in IMAGES:
        for model in BIG:
            curve = calm if model == "resnet18" else wild
            write_training(f"{model}-{dataset}", curve, 1)
    assert entry("resnet18_most_stable", PAPER)["verdict"] == "holds"
    write_training("resnet18-mnist", wild, 1)
    write_training("efficient_cnn-mnist", calm, 1)
    assert entry("resnet18_most_stable", PAPER)["verdict"] == "does not hold"
    write_training("resnet18-mnist", [0.9], 1)
    short = entry("resnet18_most_stable")
    assert short["verdict"] == "not tested at this budget"
    assert short["sentence"] == "Curves of 1 epoch are too short to judge stability."
    write_training("resnet18-cifar10", [0.8, 0.9], 2)
    assert "Curves of 1 to 2 epochs" in entry("resnet18_most_stable")["sentence"]
