"""Which stage of how many, and how long the others take, from what is recorded."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from heatproof.storage import stage_seconds
from tools import stage_progress
from tools.stage_progress import StageProgress, rough

STEPS = ["fetch@digits", "train@a-digits", "train@b-digits", "report"]


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A study's folder as the current one, and a clock that stands until it is set."""
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(now=0.0)


class Named(str):
    """A stage, as far as it is asked here."""

    @property
    def addressing(self) -> str:
        return str(self)


def progress(clock: SimpleNamespace, *steps: str) -> StageProgress:
    made = StageProgress(lambda: clock.now)
    made.plan(steps or STEPS)
    return made


def test_nothing_is_said_of_time_until_all_that_is_left_is_known(clock) -> None:
    run = progress(clock)
    assert run.begins("fetch@digits") == "stage 1 of 4"
    clock.now = 2.0
    assert run.begins("train@a-digits") == "stage 2 of 4"
    clock.now = 42.0
    assert run.begins("train@b-digits") == "stage 3 of 4", "nothing is known of the report"
    assert stage_seconds.read() == {"fetch@digits": 2.0, "train@a-digits": 40.0}, "it is at work"


def test_a_stage_counts_as_its_last_time_or_as_others_of_its_kind(clock) -> None:
    for stage, seconds in (("fetch@digits", 5), ("train@a-digits", 100), ("report", 20)):
        stage_seconds.record(stage, seconds)
    assert progress(clock).begins("fetch@digits") == "stage 1 of 4, about 4 min left"
    Path("dvc.lock").touch()
    assert progress(clock).begins("report") == "stage 4 of 4, at most about 20 s left"
    assert progress(clock).begins("data.dvc") == "", "it is not of the run"


def test_a_fold_counts_as_its_cells_own_training(clock) -> None:
    for stage, seconds in (("train@a-digits", 60), ("train@b-digits", 20), ("train@c-digits", 20)):
        stage_seconds.record(stage, seconds)
    run = progress(clock, "train@a-digits-fold1of2", "train@d-digits")
    assert run.begins("train@a-digits-fold1of2") == "stage 1 of 2, about 80 s left"


def test_a_slower_machine_is_told_by_what_has_run(clock) -> None:
    for stage, seconds in (("fetch@digits", 20), ("train@a-digits", 40), ("report", 20)):
        stage_seconds.record(stage, seconds)
    run = progress(clock, "fetch@digits", "train@a-digits", "report")
    assert run.begins("fetch@digits") == "stage 1 of 3, about 80 s left"
    clock.now = 60.0
    assert run.begins("train@a-digits") == "stage 2 of 3, about 3 min left"


def test_a_damaged_record_is_as_none(clock) -> None:
    for content in ("{", "[1]", '{"train": "long"}'):
        stage_seconds.SECONDS.write_text(content)
        assert stage_seconds.read() == {}
    stage_seconds.record("report", 1.04)
    assert stage_seconds.read() == {"report": 1.0}


def test_a_study_begins_with_the_seconds_of_its_example(clock, tmp_path: Path) -> None:
    example, study = tmp_path / "example", tmp_path / "study"
    example.mkdir()
    stage_seconds.expect(example, study)
    assert not study.exists()
    (example / stage_seconds.EXPECTED).write_text('{"report": 3}')
    stage_seconds.expect(example, study)
    assert stage_seconds.read(study) == {"report": 3.0}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3, "a few seconds"),
        (44, "about 40 s"),
        (89, "about 90 s"),
        (91, "about 2 min"),
        (5000, "about 83 min"),
        (7170, "about 2 h 00 min"),
        (9000, "about 2 h 30 min"),
    ],
)
def test_an_estimate_has_no_more_digits_than_it_is_good_for(seconds, expected) -> None:
    assert rough(seconds) == expected


def test_dvc_tells_its_stages_and_does_not_advise_to_push(capsys) -> None:
    from dvc.repo import reproduce
    from dvc.ui import ui

    steps: list[str] = []
    stage: Any = Named("train@a-digits")
    with stage_progress.watched(steps.extend):
        reproduce._reproduce([stage], repro_fn=lambda *_, **__: None)
        ui.write(stage_progress.PUSH, force=True)
        ui.write("up to date", force=True)
    assert steps == ["train@a-digits"]
    assert capsys.readouterr().out == "up to date\n"
    its_own = Path(reproduce.__file__).parents[1] / "commands" / "repro.py"
    assert f'"{stage_progress.PUSH}"' in its_own.read_text(), "as this DVC says it"
