"""A folder of pictures, as people have it, to its report, in the two commands that a user gives."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import overlay
from tests.new.layouts import LAYOUTS
from tests.scratch import FEW_SAMPLES, FEW_TESTS, PIPED, ROOT, TINY, environment


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.parametrize("layout", ["train, val, test", "column group", "npz"])
def test_it_becomes_a_report(tmp_path: Path, layout: str) -> None:
    options = LAYOUTS[layout][0](tmp_path / "pictures")
    (source,) = [*(tmp_path / "pictures").glob("a.*")] or [tmp_path / "pictures"]

    def heatproof(*words: object, folder: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "heatproof.cli", *map(str, words)], cwd=folder,
            env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    study = tmp_path / "study"
    chosen = ("--size", 16, "--models", "simple_cnn")
    said = heatproof("new", study, "--images", source, *options, *chosen, folder=tmp_path)
    assert said.startswith("12 pictures of 2 classes: ant 6, bee 6\n")
    shrink(study / "params.yaml")
    heatproof("repro", folder=study)
    for page in ("index.html", "datasets/study.html", "cells/simple_cnn-study.html"):
        assert (study / "reports" / page).exists()
    assert not list((study / "reports").rglob("*claims*")), "nothing is claimed here"


def shrink(file: Path) -> None:
    """Take few methods, of few samples, and one epoch, without cross-validation."""
    content = overlay.read(file)
    content["runs"] = content["cells"]
    for family, methods in PIPED.items():
        listed = content["explain"][family]
        content["explain"][family] = {method: listed[method] for method in methods}
    few = {family: {m: o for m, o in FEW_SAMPLES[family].items() if m in methods}
           for family, methods in PIPED.items()}  # fmt: skip
    model = {"network": TINY["simple_cnn"], "schedules": {"cpu": {"study": {"epochs": 1}}}}
    changes = {"explain": FEW_SAMPLES | few, "assess": FEW_TESTS, "models": {"simple_cnn": model}}
    overlay.write(file, overlay.overlaid(content, changes))
