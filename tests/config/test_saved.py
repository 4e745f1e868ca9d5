"""A saved network in params.yaml: a model without schedules, its cells listed with its file."""

from pathlib import Path
from typing import Any

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import shrunken_params

TRAINED, CELL = "simple_cnn-digits", "bees-digits"
ENTRY = {"model": "bees", "dataset": "digits"}


def content() -> dict[str, Any]:
    study = shrunken_params(TRAINED)
    study["models"]["bees"] = {
        "network": {"architecture": "saved", "file": "a b.keras", "scaling": 255}
    }
    study["cells"][CELL] = ENTRY
    study["saved"] = {CELL: {**ENTRY, "file": "a b.keras"}}
    study["runs"] = {TRAINED: study["cells"][TRAINED]}
    return study


def loaded(folder: Path, study: dict[str, Any]) -> params.Params:
    overlay.write(folder / "params.yaml", study)
    return params.load(folder / "params.yaml")


def test_it_is_a_run_without_a_schedule_and_has_no_other(tmp_path: Path) -> None:
    study = content()
    study["training"]["balance"] = "sampling"
    found = loaded(tmp_path, study)
    run = found.run(CELL)
    assert run.is_cells_own and run.schedule is None and run.training.balance == "none"
    assert run.network.model_dump()["scaling"] == "255"
    assert "a b.keras" not in run.description(), "where the file lies is no part of a result"
    assert found.seed_runs(CELL) == found.fold_runs(CELL) == found.few_image_runs(CELL) == []
    assert found.schedule_under("cpu", CELL) is None


def test_a_study_without_any_needs_not_say_so(tmp_path: Path) -> None:
    study = shrunken_params(TRAINED)
    del study["saved"]
    assert loaded(tmp_path, study).saved == {}


def of_a_file(key: str, value: object) -> Any:
    def change(study: dict[str, Any]) -> None:
        study["models"]["bees"]["network"][key] = value

    return change


def listed(place: str, name: str, entry: dict[str, Any]) -> Any:
    def change(study: dict[str, Any]) -> None:
        study[place][name] = entry

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda study: study.pop("saved"),
         [f"saved.{CELL}: expected {{model: bees, dataset: digits, file: a b.keras}}", "add this"]),
        (of_a_file("file", "b.keras"), [f"saved.{CELL}: expected", "file: b.keras}", "correct it"]),
        (of_a_file("file", ""), ["models.bees.network.file = ''"]),
        (of_a_file("scaling", "tff"), ["network.scaling = 'tff'", "none, 255, tf", "or {mean: "]),
        (of_a_file("sha256", "abc"), ["network.sha256 = 'abc'"]),
        (of_a_file("classes", ["a", "a"]), ["classes: two have one name"]),
        (listed("runs", CELL, ENTRY), [f"runs.{CELL}", "is never trained", "list the trained cel"]),
        (listed("runs", f"{CELL}-seed7", {**ENTRY, "seed": 7}), ["from no other seed"]),
        (listed("runs", f"{CELL}-shuffled7", {**ENTRY, "seed": 7, "labels": "shuffled"}),
         ["on no shuffled labels"]),
        (listed("compared", CELL, {**ENTRY, "run": TRAINED}), [f"compared.{CELL}", "no other run"]),
        (listed("saved", "bee-digits", {**ENTRY, "file": "a b.keras"}), ["mean 'bees-digits'"]),
        (listed("saved", TRAINED, {"model": "simple_cnn", "dataset": "digits", "file": "a"}),
         [f"saved.{TRAINED}: models.simple_cnn is no saved model"]),
        (lambda study: study["models"]["bees"].update(schedules={"cpu": {"default": {}}}),
         ["models.bees.schedules", "is never trained; remove it"]),
        (lambda study: study["models"]["bees"].update(training={"balance": "sampling"}),
         ["models.bees.training", "is never trained; remove it"]),
        (lambda study: study["models"]["simple_cnn"].pop("schedules"),
         ["models.simple_cnn.schedules is missing: add it"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_what_to_write(
    tmp_path: Path, change: Any, words: list[str]
) -> None:
    study = content()
    change(study)
    with pytest.raises(UserError) as refused:
        loaded(tmp_path, study)
    for word in words:
        assert word in str(refused.value), refused.value
