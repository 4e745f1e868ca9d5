"""What was recorded beside durations, each thing once, and nothing guessed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from heatproof.config.params import Params
from heatproof.report import provenance
from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.formats import write_record
from tests.report import fixture

FIRST, SECOND = CELLS = fixture.CELLS
ONE = {"commit": "a" * 40, "changed": [], "parameters": [], "python": "3.11.2", "cpu": "A"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> Params:
    monkeypatch.chdir(tmp_path)
    return fixture.params_file(repository)


def write_run(stage: str, cell: str, run: dict[str, Any] | None) -> None:
    record = {} if run is None else {"run": run}
    write_record(paths.timing(stage, cell), {"seconds": 1.0} | record, f"{stage}@{cell}")


def test_each_environment_and_state_of_code_is_listed_once(study: Params) -> None:
    write_run("evaluate", FIRST, ONE | {"cpu": "B"})
    write_run("train", SECOND, ONE | {"changed": ["stages/train.py"]})
    write_run("train", FIRST, ONE)
    write_run("evaluate", SECOND, ONE)
    made = provenance.gathered(study)
    assert made["sources"] == [
        {"commit": "a" * 40, "changed": [], "parameters": []},
        {"commit": "a" * 40, "changed": ["stages/train.py"], "parameters": []},
    ]
    assert made["environments"] == [{"python": "3.11.2", "cpu": c} for c in "AB"]
    assert [tuple(run.values()) for run in made["runs"]] == [
        ("train", FIRST, 0, 0),
        ("train", SECOND, 1, 0),
        ("evaluate", FIRST, 0, 1),
        ("evaluate", SECOND, 0, 0),
    ]
    assert (made["budget"], made["seed"]) == (study.budget, study.seed)


def test_what_was_not_noted_is_null_and_cells_that_are_gone_are_left_out(study: Params) -> None:
    write_run("train", FIRST, None)
    write_run("train", "gone-digits", ONE)
    made = provenance.gathered(study)
    run = {"stage": "train", "cell": FIRST, "source": None, "environment": None}
    assert made["runs"] == [run]
    assert made["sources"] == made["environments"] == []


def test_data_are_identified_by_their_bytes(study: Params) -> None:
    path = paths.raw("digits") / paths.RECORD
    path.parent.mkdir(parents=True)
    path.write_bytes(b"images" * 100_000)
    write_run("train", FIRST, None)
    made = provenance.gathered(study)
    expected = hashlib.sha256(b"images" * 100_000).hexdigest()
    assert made["data"] == [{"name": "digits", "raw": expected, "processed": None}]


def test_the_order_in_which_they_ran_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    gathered = []
    for name, order in (("one", CELLS), ("another, longer", CELLS[::-1])):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        study = fixture.params_file(repository)
        for cell in order:
            write_run("train", cell, ONE | {"cpu": cell})
            write_run("evaluate", cell, ONE)
        gathered.append(json.dumps(provenance.gathered(study)))
    assert gathered[0] == gathered[1]
    assert [e["cpu"] for e in json.loads(gathered[0])["environments"]] == [*CELLS, "A"]


def test_a_study_without_results_has_no_provenance(study: Params) -> None:
    assert provenance.gathered(study) == {}


def test_a_damaged_timing_file_is_named(study: Params) -> None:
    write_run("train", FIRST, ONE)
    paths.timing("train", FIRST).write_text("{")
    with pytest.raises(UserError, match=f"timing/train/{FIRST}.json: not valid JSON"):
        provenance.gathered(study)
