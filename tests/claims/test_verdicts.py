"""Which verdict a claim gets, from the real claims.yaml and made-up results."""

import pytest

from heatproof.claims import verdicts
from heatproof.claims.scorecard import scorecard
from heatproof.config.models import Model
from heatproof.config.runs import SavedCell
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tests.claims.results import BEST, BOOK, IMAGES, PAPER, STUDY, entry, write_evaluate


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
        (0.71, BEST, "not tested at this budget"),
        (0.93, BEST, "exceeded"),
    ],
)
def test_another_training_refutes_nothing(accuracy, study, verdict):
    write_evaluate("resnet18-cifar10", accuracy)
    compared = entry("resnet18-cifar10.accuracy", study)
    assert compared["verdict"] == verdict
    assert compared["published"]["text"] == "0.763"
    assert compared["measured"]["value"] == accuracy
    assert compared["measured"]["interval"] == f"{accuracy - 0.005:.4f} to {accuracy + 0.005:.4f}"
    assert compared["as_published"] is (study is PAPER)


def test_a_refuted_accuracy_counts_the_missing_images():
    write_evaluate("resnet18-cifar10", 0.71)
    sentence = entry("resnet18-cifar10.accuracy", PAPER)["sentence"]
    assert "at least 525 more right among the 10,000" in sentence  # 0.7625 - 0.71


def test_where_both_budgets_train_alike_a_figure_can_fail():
    write_evaluate("simple_cnn-mnist", 0.95)
    compared = entry("simple_cnn-mnist.accuracy")
    assert (compared["verdict"], compared["as_published"]) == ("does not hold", True)


def test_training_accuracy_has_a_binomial_interval():
    write_evaluate("cifar_cnn-cifar10", train_accuracy=0.8)
    compared = entry("cifar_cnn.train_accuracy")
    # The standard error of 10,000 images at 0.8 is 0.004.
    assert compared["measured"]["low"] == pytest.approx(0.8 - 1.96 * 0.004, abs=1e-4)
    assert compared["measured"]["high"] == pytest.approx(0.8 + 1.96 * 0.004, abs=1e-4)


def test_counts_of_weights_and_operations_need_no_budget():
    for dataset in IMAGES:
        write_evaluate(f"resnet18-{dataset}", parameters=11_182_410, flops=278_000_000)
    assert entry("resnet18-mnist.parameters")["verdict"] == "holds"
    flops = entry("resnet18.flops")
    assert (flops["verdict"], flops["measured"]["text"]) == ("does not hold", "278 M")
    assert "36×36" in flops["sentence"]  # operations grow with the area
    write_evaluate("efficient_cnn-mnist", parameters=1_900_000)
    larger = entry("efficient_cnn-mnist.parameters")
    assert larger["verdict"] == "does not hold"
    assert larger["sentence"].endswith(
        "the published figure is 2 times that, as of layers about 1.4 times as wide."
    )


def test_epochs_are_those_of_the_schedule_in_force():
    assert entry("simple_cnn-mnist.epochs")["verdict"] == "holds"
    short = entry("cifar_cnn.epochs")
    assert short["verdict"] == "not tested at this budget"
    assert "the paper budget has 50 epochs on all images" in short["sentence"]
    assert entry("cifar_cnn.epochs", PAPER)["verdict"] == "holds"


def test_the_best_schedules_are_not_taken_for_the_published_ones():
    compared = entry("reduces_on_plateau", BEST)
    assert compared["verdict"] == "not tested at this budget"
    assert "decay one_cycle" in compared["sentence"] and "reduce_on_plateau" in compared["sentence"]


def test_what_is_missing_is_named():
    assert entry("resnet18-cifar10.accuracy")["sentence"] == (
        "data/metrics/evaluate/resnet18-cifar10.json is missing: "
        "`dvc repro evaluate@resnet18-cifar10` "
        "makes it."
    )
    demo = STUDY.model_copy(update={"cells": {}})
    compared = entry("resnet18-cifar10.accuracy", demo)
    assert compared["verdict"] == "not run"
    assert compared["sentence"] == "params.yaml has no cell 'resnet18-cifar10'."
    assert (compared["cells"], compared["as_published"]) == ([], None)


def test_a_study_of_other_cells_runs_too():
    demo = STUDY.model_copy(update={"cells": {}, "models": {}, "derived": {}})
    content = scorecard(demo, BOOK)
    by_id = {e["id"]: e["verdict"] for e in content["claims"]}
    assert {name for name, verdict in by_id.items() if verdict == "holds"} == {"smoothgrad_samples"}
    assert set(by_id.values()) == {"not run", "not measured", "holds"}
    assert "in the report" not in by_id.values()


def test_an_older_file_is_a_mistake_not_a_verdict():
    artifacts.write_metrics("evaluate", "resnet18-cifar10", {"accuracy": 0.7})
    with pytest.raises(UserError, match=r"accuracy_low.* missing.*dvc repro -f evaluate@resnet18"):
        entry("resnet18-cifar10.accuracy")


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("resnet18-cifar10.accuracy", "does not hold", "among the 10,000 images."),
        ("resnet18-cifar10.parameters", "does not hold", ""),
        ("resnet18-cifar10.training_time", "not run", "was not trained here"),
        ("resnet18.flops", "not run", "costs is not known"),
    ],
)
def test_of_a_network_that_was_opened_nothing_of_a_training_is_asked(name, verdict, words):
    saved = Model.model_validate({"network": {"architecture": "saved", "file": "r.onnx"}})
    study = STUDY.model_copy(update={
        "models": STUDY.models | {"resnet18": saved},
        "saved": {
            cell: SavedCell(**each.model_dump(), file="r.onnx")
            for cell, each in STUDY.cells.items() if each.model == "resnet18"
        },
    })  # fmt: skip
    for cell in study.saved:
        write_evaluate(cell, 0.7, flops=None)
    compared = entry(name, study)
    assert compared["verdict"] == verdict and words in compared["sentence"], compared
