"""Claims about derived networks, beside figures that are made up."""

import pandas as pd
import pytest

from heatproof.storage import artifacts, paths, tables
from tests.claims.results import LOADED, entry, evidence, write_evaluate

UNTESTED = "not tested at this budget"


def write_derived(cell: str, **figures: object) -> None:
    artifacts.write_metrics("train", cell, {"figures": figures})


def write_history(cell: str, *accuracies: float) -> None:
    table = pd.DataFrame({"epoch": range(1, len(accuracies) + 1), "val_accuracy": accuracies})
    tables.write_table(paths.history(cell), table)


@pytest.mark.parametrize(("accuracy", "verdict"), [(0.66, "holds"), (0.64, UNTESTED)])
def test_a_ticket_is_held_against_the_whole_network(accuracy, verdict):
    write_evaluate("baseline_ticket-cifar10", accuracy)
    write_evaluate("baseline_cnn-cifar10", 0.65)
    write_derived("baseline_ticket-cifar10", sparsity=0.9)
    found = entry("lottery.cifar10_accuracy")
    assert found["verdict"] == verdict
    assert f"{accuracy:.2%}".replace("%", " %") in found["measured"]["text"]
    assert "with 10.0 % of the weights, 65.00 % with all" in found["measured"]["text"]


@pytest.mark.parametrize(("first", "verdict"), [(0.5, "holds"), (0.3, UNTESTED)])
def test_who_learns_faster_is_told_by_the_mean_over_the_epochs(first, verdict):
    write_history("baseline_ticket-cifar10", first, 0.6)
    write_history("baseline_reinitialised-cifar10", 0.4, 0.6)
    found = entry("lottery.cifar10_faster")
    assert found["verdict"] == verdict
    assert "against 50.0 %; after the first" in found["measured"]["text"]


@pytest.mark.parametrize(
    ("errors", "share", "verdict"),
    [(74, "91.1 %", "holds"), (70, "96.2 %", "exceeded"), (110, "45.6 %", UNTESTED)],
)
def test_the_published_errors_close_the_published_share_of_the_gap(errors, share, verdict):
    cells = ("simple_distilled-mnist", "mnist_cnn-mnist", "simple_cnn-mnist")
    for cell, wrong in zip(cells, (errors, 67, 146), strict=True):
        write_evaluate(cell, 1 - wrong / 10_000)
    found = entry("distillation.gap")
    assert (found["verdict"], share in found["measured"]["text"]) == (verdict, True)


def test_a_teacher_that_is_no_better_tests_nothing():
    for cell in ("simple_distilled-mnist", "mnist_cnn-mnist", "simple_cnn-mnist"):
        write_evaluate(cell, 0.98)
    found = entry("distillation.gap")
    assert (found["verdict"], found["sentence"]) == (
        UNTESTED, "The teacher is no better, so there is no gap.",
    )  # fmt: skip


@pytest.mark.parametrize(("after", "verdict"), [(109, "holds"), (120, UNTESTED)])
def test_the_bias_of_a_class_that_was_never_seen(after, verdict):
    correction = {
        "added": {"3": 3.5}, "validation_images": 10_000, "errors_before": 206,
        "errors_after": after,
    }  # fmt: skip
    write_derived("simple_without_3-mnist", bias_correction=correction)
    found = entry("distillation.bias")
    assert found["verdict"] == verdict
    assert f"206 errors before, {after} after, of 10,000" in found["measured"]["text"]
    per_class = {"3": {"recall": 0.9861, "support": 1010}}
    write_evaluate("simple_without_3-mnist", 0.9891, per_class=per_class)
    assert entry("distillation.unseen")["verdict"] == "holds"
    write_derived("simple_without_3-mnist")
    assert entry("distillation.bias")["sentence"].endswith("derived without bias_correction.")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(0.046, 0.0083, "holds"), (0.046, 0.02, UNTESTED), (0.005, 0.006, UNTESTED)],
)
def test_the_calibration_error_has_to_fall_and_as_low_as_published(before, after, verdict):
    cell = "baseline_calibrated-cifar10"
    write_evaluate("baseline_cnn-cifar10", ece=before)
    write_evaluate(cell, ece=after)
    write_derived(cell, calibration={"temperature": 1.5})
    found = entry("temperature.cifar10")
    assert found["verdict"] == verdict
    assert "after a temperature of 1.50" in found["measured"]["text"]


def test_what_was_not_derived_is_asked_for_by_its_stage():
    write_evaluate("baseline_ticket-cifar10")
    write_evaluate("baseline_cnn-cifar10")
    found = entry("lottery.cifar10_accuracy")
    assert found["verdict"] == "not run"
    assert "`dvc repro derive@baseline_ticket-cifar10`" in found["sentence"]
    assert (
        "`dvc repro derive@baseline_ticket-cifar10`" in entry("lottery.cifar10_faster")["sentence"]
    )


def test_every_claim_of_derived_networks_is_of_some_that_params_yaml_has():
    for name, claim in evidence().claims.items():
        if name.split(".")[0] in ("lottery", "distillation", "temperature"):
            for cell in evidence().cells_of(claim):
                assert cell in {*LOADED.cells, *LOADED.derived}, name
