"""The scorecard: which verdict a claim gets, from the real claims.yaml and made-up results."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from stages import artifacts, claims, params
from stages.errors import UserError
from stages.scorecard import (
    comparisons,
    confusions,
    description,
    figures,
    meaning,
    parameters,
    statements,
    verdicts,
)
from stages.scorecard.evidence import Evidence
from stages.scorecard.published import Published

ROOT = Path(__file__).parents[1]
STUDY = params.load(ROOT / "params.yaml")
PAPER = STUDY.model_copy(update={"budget": "paper"})
BOOK = description.load(statements.NEEDS, ROOT / "claims.yaml")
DIGITS = [str(digit) for digit in range(10)]
BIG = ("mobilenet_v2", "efficient_cnn", "resnet18")
IMAGES = ("mnist", "fashion_mnist", "cifar10")


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_evaluate(cell: str, accuracy: float = 0.9, **figures: Any) -> None:
    """What evaluate writes, as far as claims need it: 10,000 images, ten classes, no confusions."""
    content = {
        "accuracy": accuracy,
        "accuracy_low": accuracy - 0.005,
        "accuracy_high": accuracy + 0.005,
        "macro_f1": accuracy,
        "parameters": 1000,
        "flops": 1000,
        "train_accuracy": accuracy,
        "train_images": 10000,
        "test_images": 10000,
        "confusion_test": np.diag([1000] * 10).tolist(),
        "confusion_train": np.diag([1000] * 10).tolist(),
        "class_names": DIGITS,
    }
    artifacts.write_metrics("evaluate", cell, content | figures)


def write_training(cell: str, accuracies: list[float], best_epoch: int) -> None:
    table = pd.DataFrame({"epoch": range(1, len(accuracies) + 1), "val_accuracy": accuracies})
    artifacts.write_table(artifacts.history_path(cell), table)
    trained = {"best_epoch": best_epoch, "epochs_run": len(accuracies)}
    artifacts.write_metrics("train", cell, trained)


def entry(name: str, study: params.Params = STUDY) -> dict[str, Any]:
    """One claim of the real claims.yaml, compared."""
    return claims.compared(name, BOOK.claims[name], evidence(study))


def evidence(study: params.Params = STUDY) -> Evidence:
    return Evidence(study, BOOK.claims)


# claims.yaml


def changed(path: Path, claim: str, **fields: Any) -> Path:
    """The real file with fields of one claim exchanged; None takes a field away."""
    content = YAML(typ="safe", pure=True).load((ROOT / "claims.yaml").read_text(encoding="utf-8"))
    merged = content["claims"][claim] | fields
    content["claims"][claim] = {key: v for key, v in merged.items() if v is not None}
    with open(path / "claims.yaml", "w", encoding="utf-8") as file:
        YAML().dump(content, file)
    return path / "claims.yaml"


def test_the_real_file_has_every_row_of_the_published_tables():
    kinds = [c.kind for c in BOOK.claims.values()]
    assert len(kinds) == 90
    for model in BIG:
        assert f"{model}.flops" in BOOK.claims
        for dataset in IMAGES:
            for kind in ("accuracy", "macro_f1", "parameters", "training_time"):
                assert BOOK.claims[f"{model}-{dataset}.{kind}"].kind == kind
    texts = {n: c.text() for n, c in BOOK.claims.items() if isinstance(c, Published) and c.given}
    assert texts["resnet18-cifar10.macro_f1"] == "0.760"
    assert texts["efficient_cnn-mnist.parameters"] == "3.8 M"
    assert texts["resnet18.flops"] == "356 M"
    assert texts["cifar_cnn.train_accuracy"] == "85 to 90 %"
    assert texts["mnist_cnn.parameters"] == "about 850 k"
    assert texts["simple_cnn-mnist.cpu_time"] == "5 to 10 min"


def test_the_real_file_is_about_cells_that_the_study_has():
    for claim in BOOK.claims.values():
        for cell in evidence().cells_of(claim):
            assert cell in STUDY.cells


@pytest.mark.parametrize(
    ("claim", "fields", "words"),
    [
        ("mobilenet_v2.flops", {"kind": "flop"}, [".kind = 'flop'", "did you mean 'flops'"]),
        ("mobilenet_v2.flops", {"source": "vg"}, [".source = 'vg'", "did you mean 'vgg'"]),
        ("mobilenet_v2.flops", {"unit": "Mega"}, ["mobilenet_v2.flops.unit = 'Mega'", "'share'"]),
        ("mobilenet_v2.flops", {"values": 3}, ["unknown parameter", "did you mean 'value'"]),
        ("mobilenet_v2.flops", {"low": 3}, ["mobilenet_v2.flops = {", "either `value`, or `low`"]),
        ("mobilenet_v2.flops", {"value": None}, ["a number needs a `unit`"]),
        ("mobilenet_v2.flops", {"cell": "a-b"}, ["either `cell` or `model`"]),
        ("cifar_cnn.accuracy", {"low": 90}, ["`low` should be less than `high`"]),
        ("gaps_widen", {"check": "gap_widens"}, ["did you mean 'gaps_widen'"]),
        ("separable_saving", {"model": None}, ["'separable_saving' needs model: add it"]),
        ("checkpoints", {"reason": None}, ["needs reason"]),
        ("mnist.nine_confused", {"within": 0}, ["mnist.nine_confused.within = 0", "equal to 1"]),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_key(tmp_path, claim, fields, words):
    with pytest.raises(UserError) as mistake:
        description.load(statements.NEEDS, changed(tmp_path, claim, **fields))
    for word in ("claims.yaml: claims.", *words):
        assert word in str(mistake.value)


def test_no_file_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match=r"claims\.yaml: there is no such file"):
        description.load(statements.NEEDS)
    (tmp_path / "claims.yaml").write_text("claims: [", encoding="utf-8")
    with pytest.raises(UserError, match="not valid YAML"):
        description.load(statements.NEEDS)


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ({"value": 0.992, "unit": "share"}, 0.9915, 0.9925),
        ({"value": 2.1, "unit": "M"}, 2.05e6, 2.15e6),
        ({"value": 49, "step": 1, "unit": "M"}, 48.5e6, 49.5e6),
        ({"value": 98, "about": True, "unit": "%"}, 0.97, 0.99),
        ({"low": 85, "high": 90, "unit": "%"}, 0.85, 0.90),
        ({"low": 5, "high": 10, "unit": "min"}, 300, 600),
    ],
)
def test_a_published_figure_holds_within_its_last_digit(figure, low, high):
    assert Published(**figure).bounds() == pytest.approx((low, high))


# Verdicts


@pytest.mark.parametrize(
    ("low", "high", "as_published", "verdict"),
    [
        (0.76, 0.78, False, "holds"),
        (0.70, 0.75, False, "holds"),  # the interval reaches the range
        (0.801, 0.82, False, "exceeded"),
        (0.79, 0.81, True, "holds"),
        (0.70, 0.74, False, "not tested at this budget"),
        (0.70, 0.74, True, "does not hold"),
    ],
)
def test_accuracy_is_judged_by_its_interval(low, high, as_published, verdict):
    assert verdicts.reached(low, high, (0.75, 0.80), as_published) == verdict


def test_a_duration_is_judged_only_for_the_published_training():
    assert verdicts.timed(200, (300, 600), True) == "exceeded"
    assert verdicts.timed(300, (300, 600), True) == "holds"
    assert verdicts.timed(601, (300, 600), True) == "does not hold"
    assert verdicts.timed(400, (300, 600), False) == "not tested at this budget"


@pytest.mark.parametrize(
    ("accuracy", "study", "verdict"),
    [
        (0.71, STUDY, "not tested at this budget"),
        (0.71, PAPER, "does not hold"),
        (0.761, STUDY, "holds"),
        (0.79, STUDY, "exceeded"),
    ],
)
def test_a_short_training_refutes_nothing(accuracy, study, verdict):
    write_evaluate("resnet18-cifar10", accuracy)
    found = entry("resnet18-cifar10.accuracy", study)
    assert found["verdict"] == verdict
    assert found["published"]["text"] == "0.763"
    assert found["measured"]["value"] == accuracy
    assert found["measured"]["interval"] == f"{accuracy - 0.005:.4f} to {accuracy + 0.005:.4f}"
    assert found["as_published"] is (study is PAPER)


def test_a_refuted_accuracy_says_how_many_images_are_missing():
    write_evaluate("resnet18-cifar10", 0.71)
    sentence = entry("resnet18-cifar10.accuracy", PAPER)["sentence"]
    assert "at least 525 more right among the 10,000" in sentence  # 0.7625 - 0.71


def test_where_both_budgets_train_alike_a_figure_can_fail():
    write_evaluate("simple_cnn-mnist", 0.95)
    found = entry("simple_cnn-mnist.accuracy")
    assert (found["verdict"], found["as_published"]) == ("does not hold", True)


def test_training_accuracy_has_a_binomial_interval():
    write_evaluate("cifar_cnn-cifar10", train_accuracy=0.8)
    found = entry("cifar_cnn.train_accuracy")
    # The standard error of 10,000 images at 0.8 is 0.004.
    assert found["measured"]["low"] == pytest.approx(0.8 - 1.96 * 0.004, abs=1e-4)
    assert found["measured"]["high"] == pytest.approx(0.8 + 1.96 * 0.004, abs=1e-4)


def test_epochs_are_those_of_the_schedule_in_force():
    assert entry("simple_cnn-mnist.epochs")["verdict"] == "holds"
    short = entry("cifar_cnn.epochs")
    assert short["verdict"] == "not tested at this budget"
    assert "the paper budget has 50 epochs on all images" in short["sentence"]
    assert entry("cifar_cnn.epochs", PAPER)["verdict"] == "holds"


def test_what_is_missing_is_named():
    assert entry("resnet18-cifar10.accuracy")["sentence"] == (
        "metrics/evaluate/resnet18-cifar10.json is missing: `dvc repro evaluate@resnet18-cifar10` "
        "makes it."
    )
    demo = STUDY.model_copy(update={"cells": {}})
    found = entry("resnet18-cifar10.accuracy", demo)
    assert found["verdict"] == "not run"
    assert found["sentence"] == "params.yaml has no cell 'resnet18-cifar10'."
    assert (found["cells"], found["as_published"]) == ([], None)


def test_a_study_of_other_cells_runs_too():
    demo = STUDY.model_copy(update={"cells": {}, "models": {}})
    content = claims.scorecard(demo, BOOK)
    said = {e["id"]: e["verdict"] for e in content["claims"]}
    assert {name for name, verdict in said.items() if verdict == "holds"} == {"smoothgrad_samples"}
    assert set(said.values()) == {"not run", "not measured", "holds"}
    assert "in the report" not in said.values()


def test_an_older_file_is_a_mistake_not_a_verdict():
    artifacts.write_metrics("evaluate", "resnet18-cifar10", {"accuracy": 0.7})
    with pytest.raises(UserError, match=r"accuracy_low.* missing.*dvc repro -f evaluate@resnet18"):
        entry("resnet18-cifar10.accuracy")


# Macro F1


def test_macro_f1_is_that_of_scikit_learn():
    # Class 0: precision 3/4, recall 3/5; class 1: 1/3 and 1/2; class 2 never occurs.
    matrix = np.array([[[3, 2, 0], [1, 1, 0], [0, 0, 0]]])
    assert figures.macro_f1(matrix) == pytest.approx([(2 / 3 + 2 / 5) / 2])


def test_macro_f1s_interval_is_a_bootstrap_over_images():
    matrix = np.array([[450, 50], [50, 450]])
    low, high = figures.f1_interval(matrix, 2000, seed=1)
    # Of two equal classes macro F1 is all but the accuracy, whose standard error is 0.0095.
    assert low == pytest.approx(0.9 - 1.96 * 0.0095, abs=0.002)
    assert high == pytest.approx(0.9 + 1.96 * 0.0095, abs=0.002)
    assert figures.f1_interval(matrix, 2000, seed=1) == (low, high)
    assert figures.f1_interval(np.diag([5, 5]), 100, seed=1) == (1.0, 1.0)


# What a figure would have to mean


@pytest.mark.parametrize(
    ("model", "channels", "keras"),
    [
        ("mobilenet_v2", 1, 372_938),
        ("mobilenet_v2", 3, 373_514),
        ("efficient_cnn", 1, 327_114),
        ("efficient_cnn", 3, 329_418),
        ("mnist_cnn", 1, 322_026),
        ("cifar_cnn", 3, 1_875_658),
    ],
)
def test_the_arithmetic_counts_what_keras_counts(model, channels, keras):
    described = STUDY.models[model]
    count = getattr(parameters, described.architecture)
    assert count(described.network, channels, 10) == keras


def test_the_papers_blocks_are_the_whole_mobilenet_v2():
    network = STUDY.models["mobilenet_v2"].network
    whole = parameters.mobilenet_v2(network, 3, 10, blocks=parameters.SEVENTEEN_BLOCKS)
    head = 1281 * 128 + 129 * 10
    assert whole - head == 2_257_984  # keras.applications.MobileNetV2(include_top=False)


def test_the_width_that_gives_a_count():
    assert parameters.width_for(lambda width: 100 * width**2, 400) == pytest.approx(2)


def test_separating_saves_the_inverse_of_filters_and_places():
    assert parameters.saved_by_separating(2, [4]) == pytest.approx(1 - (18 + 8) / 72)
    assert parameters.saved_by_separating(2, [4, 8]) == pytest.approx(1 - (26 + 36 + 32) / 360)


def test_a_count_that_does_not_hold_is_said_in_widths():
    network = STUDY.models["efficient_cnn"].network
    said = meaning.of_parameters("efficient_cnn", network, (28, 1, 10), 327_114, 3.8e6)
    wide = parameters.efficient_cnn(network, 1, 10, width=3.47)
    assert wide == pytest.approx(3.8e6, rel=0.005)
    assert "3.8 M every layer would have to be 3.47 times as wide" in said
    assert "standard convolutions in place of the separable ones would give 1.761 M" in said
    other = meaning.of_parameters("efficient_cnn", network, (28, 1, 10), 300_000, 3e6)
    assert other.endswith("the published figure is 10 times that.")


def test_operations_grow_with_the_area():
    assert "would fit images of about 64×64" in meaning.of_flops("resnet18", 25e6, 100e6)


def test_counts_of_weights_and_operations_need_no_budget():
    for dataset in IMAGES:
        write_evaluate(f"resnet18-{dataset}", parameters=11_182_410, flops=278_000_000)
    assert entry("resnet18-mnist.parameters")["verdict"] == "holds"
    flops = entry("resnet18.flops")
    assert (flops["verdict"], flops["measured"]["text"]) == ("does not hold", "278 M")
    assert "36×36" in flops["sentence"]


# Confusions


def confused(*pairs: tuple[int, int, int]) -> list[list[int]]:
    matrix = np.diag([100] * 10)
    for true, predicted, count in pairs:
        matrix[true, predicted] = count
    return matrix.tolist()


def test_confusions_are_those_of_all_the_networks_together():
    for model, count in zip(BIG, (1, 2, 30), strict=True):
        pairs = [(9, 4, count), (2, 3, 20), (2, 5, 20), (2, 7, 20), (2, 8, 20), (1, 8, 12)]
        write_evaluate(f"{model}-mnist", confusion_test=confused(*pairs))
    found = entry("mnist.nine_confused")
    assert found["measured"]["text"] == "number 6 of 90 pairs (33 images)"  # 33 after 60 and 36
    assert found["verdict"] == "not tested at this budget"
    assert "2 → 3 (60), 2 → 5 (60) and 2 → 7 (60)" in found["sentence"]
    assert entry("mnist.nine_confused", PAPER)["verdict"] == "does not hold"
    write_evaluate("resnet18-mnist", confusion_test=confused((9, 4, 60)))
    assert entry("mnist.nine_confused")["verdict"] == "holds"


def test_a_pair_may_be_confused_either_way():
    write_evaluate("mnist_cnn-mnist", confusion_test=confused((4, 9, 3), (9, 4, 4), (1, 2, 6)))
    found = entry("mnist_cnn.four_nine_confused")
    assert (found["verdict"], found["measured"]["text"]) == (
        "holds",
        "number 1 of 45 pairs (7 images)",
    )
    # No confusion at all is not the most frequent one, although nothing exceeds it by much.
    assert entry("mnist_cnn.three_eight_confused")["verdict"] == "not tested at this budget"


def test_ranks_count_what_is_strictly_more_frequent():
    matrix = np.array([[9, 5, 1], [2, 9, 5], [0, 3, 9]])
    counts = confusions.off_diagonal(matrix, either_way=False)
    assert [confusions.rank(counts, p, False) for p in ((0, 1), (1, 2), (2, 1))] == [1, 1, 3]
    both = confusions.off_diagonal(matrix, either_way=True)
    assert [confusions.rank(both, p, True) for p in ((1, 2), (0, 1), (2, 0))] == [1, 2, 3]
    assert matrix[0, 0] == 9


# Networks against each other


def write_big(accuracies: dict[str, tuple[float, float, float]], **parameters: int) -> None:
    """Evaluations of the three networks: dataset -> their accuracies."""
    for dataset, row in accuracies.items():
        for model, accuracy in zip(BIG, row, strict=True):
            write_evaluate(f"{model}-{dataset}", accuracy, parameters=parameters.get(model, 1000))


ROWS = {
    "mnist": (0.97, 0.99, 0.98),
    "fashion_mnist": (0.9, 0.93, 0.92),
    "cifar10": (0.6, 0.7, 0.68),
}


def test_who_is_ahead_is_tested_only_as_published():
    write_big(ROWS)
    assert entry("efficient_cnn_most_accurate", PAPER)["verdict"] == "holds"
    found = entry("efficient_cnn_most_accurate")
    assert found["verdict"] == "not tested at this budget"
    assert "first on 3 of 3" in found["sentence"]
    assert "overlap on mnist and fashion_mnist." in found["sentence"]
    write_big(ROWS | {"cifar10": (0.6, 0.7, 0.8)})
    lost = entry("efficient_cnn_most_accurate", PAPER)
    assert lost["verdict"] == "does not hold"
    assert "cifar10: resnet18 80.00 %" in lost["measured"]["text"]


def test_accuracy_per_parameter_may_be_settled_by_arithmetic():
    write_big(ROWS, mobilenet_v2=2_000_000, efficient_cnn=1_000_000, resnet18=10_000_000)
    found = entry("mobilenet_v2_per_parameter")
    assert found["verdict"] == "does not hold"  # 0.99 a million is out of reach of 1 / 2
    assert "fewer than 1.01 M" in found["sentence"]
    write_big(ROWS, mobilenet_v2=800_000, efficient_cnn=1_000_000, resnet18=10_000_000)
    assert entry("mobilenet_v2_per_parameter")["verdict"] == "not tested at this budget"
    assert entry("mobilenet_v2_per_parameter", PAPER)["verdict"] == "holds"


def test_shares_of_the_best_accuracy_and_of_the_parameters():
    write_big(ROWS, mobilenet_v2=200, resnet18=1000)
    found = entry("mobilenet_v2_accuracy_share", PAPER)
    assert found["verdict"] == "does not hold"  # 98.0, 96.8 and 85.7 %
    assert "Measured are 85.7 to 98.0 %" in found["sentence"]
    assert "own table gives 97.6 to 99.7 %" in found["sentence"]
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
    assert short["sentence"] == "Curves of 1 epoch say nothing of stability."
    write_training("resnet18-cifar10", [0.8, 0.9], 2)
    assert "Curves of 1 to 2 epochs" in entry("resnet18_most_stable")["sentence"]


# Statements


def test_what_params_say_is_compared_as_it_stands():
    for name in ("separable_saving", "smoothgrad_samples", "simple_cnn.filters"):
        assert entry(name)["verdict"] == "holds"
    assert entry("separable_saving")["measured"]["text"] == "88.57 %"
    assert entry("baseline_cnn.validation")["measured"]["text"] == "20.00 %"
    explain = STUDY.explain.gradients
    fewer = explain.model_copy(
        update={"smoothgrad": explain.smoothgrad.model_copy(update={"samples": 20})}
    )
    study = STUDY.model_copy(
        update={"explain": STUDY.explain.model_copy(update={"gradients": fewer})}
    )
    assert entry("smoothgrad_samples", study)["verdict"] == "does not hold"


def test_training_as_published_needs_its_schedule():
    assert entry("reduces_on_plateau", PAPER)["verdict"] == "holds"
    assert entry("reduces_on_plateau")["verdict"] == "not tested at this budget"
    assert entry("stops_early", PAPER)["verdict"] == "holds"
    assert entry("stops_early")["verdict"] == "not tested at this budget"


def test_the_best_epochs_weights_and_the_whole_history():
    write_training("baseline_cnn-cifar10", [0.5, 0.7, 0.6], best_epoch=2)
    assert entry("baseline_cnn.best_checkpoint")["verdict"] == "holds"
    write_training("baseline_cnn-cifar10", [0.5, 0.7, 0.6], best_epoch=3)
    assert entry("baseline_cnn.best_checkpoint")["verdict"] == "does not hold"
    for model in BIG:
        for dataset in IMAGES:
            write_training(f"{model}-{dataset}", [0.5, 0.7], best_epoch=2)
    assert entry("history")["verdict"] == "holds"
    artifacts.write_metrics("train", "resnet18-mnist", {"best_epoch": 2, "epochs_run": 3})
    assert "resnet18-mnist" in entry("history")["sentence"]


def test_matrices_and_predictions_are_there_or_not():
    write_evaluate("baseline_cnn-cifar10")
    assert entry("baseline_cnn.confusion_matrices")["verdict"] == "holds"
    assert entry("baseline_cnn.predictions")["verdict"] == "not run"
    path = artifacts.predictions_csv_path("baseline_cnn-cifar10")
    path.parent.mkdir(parents=True)
    path.write_text("index\n", encoding="utf-8")
    assert entry("baseline_cnn.predictions")["verdict"] == "holds"


@pytest.mark.parametrize(("dead", "verdict"), [(0, "does not hold"), (3, "holds")])
def test_dead_filters_are_counted_on_both_datasets(dead, verdict):
    for dataset, count in (("mnist", 0), ("fashion_mnist", dead)):
        activity = {"activity": {"dead": count, "channels": 16}}
        artifacts.write_metrics("explain_features", f"simple_cnn-{dataset}", activity)
    found = entry("simple_cnn.dead")
    assert found["verdict"] == verdict
    assert f"fashion_mnist: {dead} of 16 dead" in found["measured"]["text"]


def write_filters(cell: str, kernels: np.ndarray, factor: np.ndarray) -> None:
    arrays = {"filters/conv1": kernels, "filter_factor/conv1": factor, "feature_map/x": factor}
    artifacts.write_findings(cell, "features", arrays)


def test_filters_are_alike_only_if_they_beat_unrelated_ones():
    random = np.random.default_rng(0)
    kernels = random.normal(size=(8, 3, 3, 1)).astype(np.float32)
    ones = np.ones(8, np.float32)
    write_filters("simple_cnn-mnist", kernels, ones)
    # Another order, and turned round by kernel and batch normalisation both: the same filters.
    write_filters("simple_cnn-fashion_mnist", -kernels[::-1], -ones)
    found = entry("simple_cnn.alike")
    assert found["verdict"] == "holds"
    assert found["measured"]["value"] == pytest.approx(1)
    other = np.random.default_rng(7).normal(size=(8, 3, 3, 1)).astype(np.float32)
    write_filters("simple_cnn-fashion_mnist", other, ones)
    assert entry("simple_cnn.alike")["verdict"] == "does not hold"


@pytest.mark.parametrize(("low", "verdict"), [(0.3, "holds"), (0.1, "not tested at this budget")])
def test_relevance_on_the_digit_beats_the_constant_map_or_not(low, verdict):
    masses = {
        "gradcam": {"mean": 0.4, "low": low, "high": 0.5},
        "constant": {"mean": 0.2, "low": 0.19, "high": 0.21},
    }
    artifacts.write_metrics("assess", "mnist_cnn-mnist", {"measures": {"relevance_mass": masses}})
    found = entry("gradcam_on_digits")
    assert found["verdict"] == verdict
    assert found["measured"]["text"] == "40.0 % of the relevance on 20.0 % of the image"
    assert entry("saliency_on_strokes")["verdict"] == "not run"


def test_what_nothing_can_measure_says_why():
    found = entry("baseline_cnn.sweep")
    assert found["verdict"] == "not measured"
    assert "make sweep" in found["sentence"]


# The stage


def test_the_stage_writes_the_same_bytes_again_and_no_durations(tmp_path, monkeypatch, capsys):
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (tmp_path / "claims.yaml").write_bytes((ROOT / "claims.yaml").read_bytes())
    monkeypatch.setattr(sys, "argv", ["claims"])
    write_big(ROWS)
    claims.main()
    first = claims.PATH.read_bytes()
    artifacts.write_timing("train", "resnet18-mnist", {"train_seconds": 960.0})
    claims.main()
    assert claims.PATH.read_bytes() == first
    content = claims.scorecard(params.load(), BOOK)
    assert sum(content["counts"].values()) == len(content["claims"]) == 90
    assert content["counts"]["in the report"] == 13
    assert f"90 compared under budget {STUDY.budget}" in capsys.readouterr().out


def test_comparing_claims_does_not_import_tensorflow():
    code = "import sys, stages.claims; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"
