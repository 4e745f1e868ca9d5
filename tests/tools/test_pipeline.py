"""What is heard of DVC's stages, and what a finished training leaves until DVC has noted it."""

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from heatproof.storage import resuming
from tools import pipeline

CELL, OTHER = "simple_cnn-digits", "baseline_cnn-digits"


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """Return what tells which checkpoints of two cells' finished trainings were removed since."""
    monkeypatch.chdir(tmp_path)
    names = [f"{cell}{suffix}" for cell in (CELL, OTHER) for suffix in ("", "-seed43")]
    for name in names:
        path = resuming.finished_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return lambda: (
        {path.stem for path in resuming.finished_path("any").parent.iterdir()} ^ set(names)
    )


def heard(watch: pipeline._Watch, text: str) -> None:
    watch.emit(logging.LogRecord("dvc", logging.INFO, "", 0, text, None, None))


def test_a_training_that_dvc_has_noted_is_not_resumed(gone) -> None:
    watch = pipeline._Watch()
    heard(watch, f"Running stage 'train@{CELL}':")
    assert gone() == set()
    heard(watch, "Updating lock file 'dvc.lock'")
    assert gone() == set(), "it is about to be written"
    heard(watch, f"Running stage 'train@{OTHER}-seed43':")
    assert gone() == {CELL}
    heard(watch, f"Stage 'train@{CELL}-seed43' didn't change, skipping")
    assert gone() == {CELL, f"{CELL}-seed43", f"{OTHER}-seed43"}
    heard(watch, f"Stage 'evaluate@{OTHER}' is cached - skipping run, checking out outputs")
    assert OTHER not in gone()
    assert watch.done == 4


def test_a_stage_that_runs_is_told_with_its_number(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    watch = pipeline._Watch()
    watch.progress.plan(["fetch@digits", f"train@{CELL}"])
    text = f"Running stage 'train@{CELL}':"
    record = logging.LogRecord("dvc", logging.INFO, "", 0, "%s", (text,), None)
    watch.emit(record)
    assert record.getMessage() == f"{text} stage 2 of 2"


@pytest.mark.parametrize(
    ("text", "level", "shown"),
    [
        ("> python -m stages.fetch", logging.INFO, False),
        ("Generating lock file 'dvc.lock'", logging.INFO, False),
        ("\nTo track the changes with git, run:\n\n\tgit add dvc.lock", logging.INFO, False),
        ("\nTo enable auto staging, run:\n\n\tdvc config core.autostage true", logging.INFO, False),
        ("Stage 'fetch@digits' didn't change, skipping", logging.INFO, False),
        ("Running stage 'fetch@digits':", logging.INFO, True),
        ("> is redirected", logging.WARNING, True),
        ("failed to reproduce 'fetch@digits'", logging.ERROR, True),
    ],
)
def test_of_what_dvc_says_only_that_is_shown_which_a_user_needs(text, level, shown) -> None:
    record = logging.LogRecord("dvc", level, "", 0, text, None, None)
    assert pipeline._is_needed(record) == shown


@pytest.mark.parametrize(("code", "expected"), [(0, {CELL}), (1, set())])
def test_the_last_stage_counts_if_dvc_ends_well(gone, monkeypatch, code, expected) -> None:
    def main(words: list[str]) -> int:
        logger = logging.getLogger("dvc")
        logger.setLevel(logging.INFO)
        logger.info("Running stage 'train@%s':", CELL)
        return code

    monkeypatch.setattr("dvc.cli.main", main)
    # An earlier test's DVC may have left handlers that write to a closed stream.
    monkeypatch.setattr(logging.getLogger("dvc"), "handlers", [])
    monkeypatch.setenv(resuming.KEEPS, "")
    assert pipeline.run("repro").code == code
    assert gone() == expected


def test_ctrl_c_within_dvcs_own_writing_is_one(monkeypatch, capsys) -> None:
    def main(words: list[str]) -> int:
        logger = logging.getLogger("dvc")
        try:
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                raise ValueError("Unable to read RWLock-file")  # noqa: B904
        except ValueError as corrupted:
            try:
                raise RuntimeError("failed to reproduce 'fingerprint'") from corrupted
            except RuntimeError:
                logger.exception("")
        return 255

    monkeypatch.setattr("dvc.cli.main", main)
    monkeypatch.setattr(logging.getLogger("dvc"), "handlers", [logging.StreamHandler()])
    monkeypatch.setenv(resuming.KEEPS, "")
    assert pipeline.run("repro").code == pipeline.INTERRUPTED
    assert capsys.readouterr().err == "", "whoever runs DVC says it"


def test_a_stage_whose_files_are_yet_to_come_is_listed_and_not_hashed() -> None:
    """As DVC's own function does, which fails where there is no file to hash."""
    from dvc.stage import cache

    def get_hash() -> None:
        raise FileNotFoundError

    missing = SimpleNamespace(exists=False, protocol="local", def_path="x", get_hash=get_hash)
    stage = SimpleNamespace(
        is_callback=False, always_changed=False, cmd="train", deps=[missing], outs=["y"]
    )
    with pytest.raises(FileNotFoundError):
        cache._can_hash(stage)
    with pipeline._missing_files_unhashed():
        assert not cache._can_hash(stage)
    with pytest.raises(FileNotFoundError):
        cache._can_hash(stage)
