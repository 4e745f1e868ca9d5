"""What each bench measures, in small, and what it makes of it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bench import (
    dvc_floor,
    large_images,
    limits,
    many_images,
    memory,
    one_change,
    report,
    startup,
    studies,
    trust,
)
from bench.results import PROJECT, compare
from heatproof.config import params
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from heatproof.storage.records import Dataset
from tests.scratch import ROOT, Scratch, environment

CELL = "simple_cnn-digits"


@pytest.mark.thorough
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("words", "cases"),
    [
        ("limits --rounds 1 --seconds 0.1", 2),
        ("startup fetch evaluate --rounds 1", 2),
        ("dvc_floor --repeat 1", 1),
        ("one_change --tiny --rounds 1", 1),
        ("jobs --tiny --rounds 1", 1),
        ("cluster --tiny --rounds 1", 2),
        ("trust --models simple_cnn --rounds 1 --seconds 1 --methods 1", 1),
        ("train --models simple_cnn --against tensorflow --rounds 1 --seconds 1", 1),
        ("large_images --model simple_cnn --pixels 48 --images 2", 27),
        (
            "families --backbones MobileNetV2 --families shapley --methods gradient_shap "
            "--pixels 48 --rounds 1",
            2,
        ),
        ("explain --models simple_cnn --methods saliency --rounds 1 --seconds 0.1", 2),
    ],
    ids=lambda each: each.split()[0] if isinstance(each, str) else "",
)
def test_it_runs_and_keeps_what_it_measured(tmp_path: Path, words: str, cases: int) -> None:
    module, *options = words.split()
    file = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *options, "--results", str(file)], cwd=ROOT,
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0 or "missed: " in done.stdout, done.stdout
    assert len(json.loads(file.read_text())["measurements"]) == cases


@pytest.mark.parametrize(
    ("at", "beyond"),
    [
        (startup.measured("train", [4.0, 5.0, 9.0]), startup.measured("train", [4.0, 5.1, 5.2])),
        tuple(
            large_images.measurements("assess", large_images.Used(9.0, 12.0, gib, ""))[1]
            for gib in (2.0, 2.01)
        ),
        (startup.measured("fetch", [1.0]), startup.measured("fetch", [1.01])),
        (memory.measured("train@a", 2.0, "", 5), memory.measured("train@a", 2.01, "", 5)),
        (
            one_change.measured([11.0, 30.0], [10.0, 12.0], 3, "small cell"),
            one_change.measured([11.1], [10.0], 3, "small cell"),
        ),
        (
            dvc_floor.measured(9, {"study": [13.0, 20.0], "floor": [10.0, 11.0], "bare": [1.0]}),
            dvc_floor.measured(9, {"study": [13.1], "floor": [10.0], "bare": [1.0]}),
        ),
    ],
)
def test_a_goal_is_met_up_to_it(at, beyond) -> None:
    assert compare(at).met is True
    assert compare(beyond).met is False


def test_a_copy_counts_the_bytes_read_and_written() -> None:
    count = 2**24
    started = time.perf_counter()
    rate = limits.copy_rate(0.0, count)
    elapsed = time.perf_counter() - started
    assert rate >= 2 * count / elapsed / 1e9  # one pass of all that took this long


def test_the_greatest_memory_is_that_of_the_stage_alone(tmp_path: Path) -> None:
    here = bytearray(b"1") * (100 * 2**20)  # the bench's own is not the stage's
    (tmp_path / "hungry.py").write_text("x = bytearray(b'1') * (400 * 2**20)\ndel x\n")
    (tmp_path / "broken.py").write_text("raise SystemExit('error: no such file')")
    hungry, failure = memory.peak_gib(["python", "-m", "hungry"], tmp_path, 1)
    assert failure == "" and 400 / 1024 < hungry < 500 / 1024
    modest, failure = memory.peak_gib(["python", "-m", "broken"], tmp_path, 1)
    assert modest < 0.05 < len(here) / 2**30
    failed = memory.measured("fetch@mnist", modest, failure, 5)
    assert compare(failed).met is False
    assert failed.absent == {PROJECT: "error: no such file"}


def test_the_stages_of_the_cells_and_of_the_whole_study_run_trainings_last() -> None:
    modules = {"train@a-d": "train", "train@b-d": "train", "fetch@d": "fetch", "fetch@e": "fetch"}
    locked = {
        name: {"cmd": f"python -m stages.{module} --cell x"}
        for name, module in {**modules, "report": "report"}.items()
    }
    commands = memory.commands(locked, ["a-d"], ["d"])
    assert list(commands) == ["fetch@d", "report", "train@a-d"]
    assert commands["report"][:3] == ["python", "-m", "stages.report"]


@pytest.mark.thorough
def test_a_training_has_all_data_and_few_steps(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path / "study", CELL)
    study.change("models.simple_cnn.schedules.cpu.digits.epochs", 7)
    study.repro("preprocess@digits", "fingerprint")
    (study.path / "metrics").mkdir(exist_ok=True)
    before = study.contents("data", "metrics")
    scratch = tmp_path / "scratch"
    memory.copy(study.path, scratch, [CELL])
    words = read_yaml(ROOT / "dvc.yaml")["stages"]["train"]["do"]["cmd"].split()
    gib, failure = memory.peak_gib([*words[:-1], CELL], scratch, steps=2)
    assert failure == "" and 0.1 < gib < memory.LIMIT_GIB
    assert study.contents("data", "metrics") == before


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """What passes for a finished study."""
    folder = tmp_path / "made"
    made = "data/models/a.weights.h5", "metrics/train/a.json", ".dvc/cache/files/a"
    for name in (*made, "dvc.lock", "params.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    return folder


def test_one_change_is_made_in_a_copy_of_this_code_with_anothers_results(
    tmp_path: Path, finished: Path
) -> None:
    copied = one_change.finished(tmp_path / "copy", finished).path
    for path in finished.rglob("*"):
        if path.is_file():
            name = path.relative_to(finished)
            assert (copied / name).read_text() == f"{name}\n"
    assert (copied / "stages/train.py").read_bytes() == (ROOT / "stages/train.py").read_bytes()
    assert (copied / ".git").is_dir() and not (finished / ".git").exists()


def test_a_study_that_was_not_made_or_has_no_such_model_is_refused(
    tmp_path: Path, finished: Path
) -> None:
    (finished / "dvc.lock").unlink()
    with pytest.raises(UserError, match=r"dvc\.lock: there is no such file; run `make repro`"):
        one_change.finished(tmp_path / "copy", finished)
    with pytest.raises(UserError, match="did you mean 'resnet18'"):
        one_change.require_cell("resnet19", {"cells": {"a-b": {"model": "resnet18"}}})
    with pytest.raises(UserError, match=r"params\.yaml: there is no such file"):
        studies.parameters(tmp_path)


def test_the_stages_that_use_keras_are_known() -> None:
    assert startup.STAGES["explain"] and startup.STAGES["train"]
    assert not startup.STAGES["report"] and not startup.STAGES["fetch"]


def test_trusts_share_is_of_the_machines_products() -> None:
    timed = trust.Measured(1, passed=1000, gflop=0.5, measures=[20.0, 10.0], bare=[1.0])
    assert trust.shares(timed, 200.0) == {limits.PRODUCT: pytest.approx(0.25)}
    assert trust.shares(timed, None) == {}


def test_a_page_weighs_its_pictures_once_and_the_site_by_its_cells(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"x" * 1000)
    twice = '<img src="../images/a.png"><image href="../images/a.png"/>'
    page = tmp_path / "cells" / "a.html"
    page.write_text(f'<link href="data:image/svg+xml,%3C">{twice}')
    (tmp_path / "cells" / "b.html").write_text("y" * 500)
    (tmp_path / "index.html").write_text("z")
    assert report.weight(page) == page.stat().st_size + 1000
    measured, largest = report.sizes(tmp_path, 40)
    assert largest == page
    assert all(compare(each).met for each in measured)
    assert measured[-1].sides["limit"] == [100]


def test_few_images_of_a_gpus_trial_are_the_first_with_their_labels(monkeypatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")  # it sets that where nothing is, for this process
    from bench import gpu

    count = gpu.SMALL_PARTS + 5
    images = (np.arange(count) % 251).astype(np.uint8).reshape(count, 1, 1, 1)
    labels = np.arange(count)
    few = gpu.few_of(Dataset(images, labels, images[:7], labels[:7], ("a", "b")))
    np.testing.assert_array_equal(few.train_images, images[:-5])
    np.testing.assert_array_equal(few.train_labels, labels[:-5])
    np.testing.assert_array_equal(few.test_images, images[:7])
    np.testing.assert_array_equal(few.test_labels, labels[:7])
    assert few.class_names == ("a", "b")
    assert gpu.SMALL["train_images"] < gpu.SMALL_PARTS, "some are left to validate with"


@pytest.mark.parametrize("images", [1200, 60_000])
def test_the_study_of_many_images_is_one(tmp_path: Path, images: int) -> None:
    many_images.write_params(tmp_path, images, 224, 16)
    study = params.load(tmp_path / "params.yaml")
    fetch = study.datasets[many_images.DATASET].fetch
    assert 4 * (fetch.train_per_class + fetch.test_per_class) == images
    run = study.run(many_images.CELL)
    assert run.schedule.batch_size == 16 and run.schedule.epochs == 1
    trained = images - many_images.TESTED
    assert round(run.training.validation_fraction * trained) == many_images.VALIDATED
