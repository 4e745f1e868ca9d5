"""metrics/provenance.json: what was noted, each thing once, and nothing guessed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from heatproof.config.params import Params
from heatproof.run.errors import UserError
from heatproof.storage import paths
from heatproof.storage.formats import write_json
from stages import collect_provenance
from tests.report import fixture

FIRST, SECOND = CELLS = sorted(fixture.CELLS)  # as in the file that `params_file` writes
ONE = {"commit": "a" * 40, "changed": [], "parameters": [], "python": "3.11.2", "cpu": "A"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path) -> Params:
    monkeypatch.chdir(tmp_path)
    return fixture.params_file(repository)


def note(stage: str, cell: str, run: dict[str, Any] | None) -> None:
    noted = {} if run is None else {"run": [run]}
    write_json(paths.timing(stage, cell), {"seconds": 1.0} | noted)


def test_each_environment_and_state_of_code_is_told_once(study: Params) -> None:
    note("evaluate", FIRST, ONE | {"cpu": "B"})
    note("train", SECOND, ONE | {"changed": ["stages/train.py"]})
    note("train", FIRST, ONE)
    note("evaluate", SECOND, ONE)
    made = collect_provenance.gathered(study)
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
    note("train", FIRST, None)
    note("train", "gone-digits", ONE)
    made = collect_provenance.gathered(study)
    run = {"stage": "train", "cell": FIRST, "source": None, "environment": None}
    assert made["runs"] == [run]
    assert made["sources"] == made["environments"] == []


def test_data_are_told_by_their_bytes(study: Params) -> None:
    path = paths.raw("digits")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"images" * 100_000)
    made = collect_provenance.gathered(study)
    expected = hashlib.sha256(b"images" * 100_000).hexdigest()
    assert made["data"] == [{"name": "digits", "raw": expected, "processed": None}]


def test_the_same_files_give_the_same_bytes_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path, capsys
) -> None:
    found = []
    for number, name in enumerate(("one", "another, longer")):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        fixture.params_file(repository)
        order = CELLS if number else CELLS[::-1]
        for cell in order:  # in which they were written must not matter
            note("train", cell, ONE | {"cpu": cell})
            note("evaluate", cell, ONE)
        collect_provenance.main()
        found.append(paths.PROVENANCE.read_bytes())
    assert found[0] == found[1]
    assert "recorded of 4 of 4 runs" in capsys.readouterr().out
    (content,) = json.loads(found[0])["study"]
    assert [e["cpu"] for e in content["environments"]] == [*CELLS, "A"]


def test_a_study_without_results_has_nothing_to_tell(study: Params) -> None:
    assert collect_provenance.gathered(study)["runs"] == []


def test_a_damaged_timing_file_is_named(study: Params) -> None:
    note("train", FIRST, ONE)
    paths.timing("train", FIRST).write_text("{")
    with pytest.raises(UserError, match=f"timing/train/{FIRST}.json: not valid JSON"):
        collect_provenance.gathered(study)
