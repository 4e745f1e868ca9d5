"""The stage that compares the published claims with what was measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.claims.scorecard import scorecard
from heatproof.config import params
from heatproof.storage import artifacts, paths
from stages import claims
from tests import overlay
from tests.claims.results import BOOK, CELLS, ROOT, ROWS, STUDY, write_big


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_stage_writes_the_same_bytes_again_and_no_durations(tmp_path, monkeypatch, capsys):
    content = overlay.read(ROOT / "params.yaml")
    lists = {"cells": CELLS, "runs": CELLS, "shuffled": {}, "compared": {}, "published": {},
             "concepts": {}, "inversions": {}, "influenced": {}, "derived": {},
             "members": {}}  # fmt: skip
    overlay.write(tmp_path / "params.yaml", {**content, **lists, "budget": STUDY.budget})
    (tmp_path / "claims.yaml").write_bytes((ROOT / "claims.yaml").read_bytes())
    monkeypatch.setattr(sys, "argv", ["claims"])
    write_big(ROWS)
    claims.main()
    first = paths.CLAIMS.read_bytes()
    artifacts.write_timing("train", "resnet18-mnist", {"train_seconds": 960.0})
    claims.main()
    assert paths.CLAIMS.read_bytes() == first
    content = scorecard(params.load(), BOOK)
    assert sum(content["counts"].values()) == len(content["claims"]) == 102
    assert content["counts"]["in the report"] == 13
    assert json.loads(paths.CLAIM_COUNTS.read_text()) == content["counts"]
    assert f"102 compared under budget {STUDY.budget}" in capsys.readouterr().out


def test_comparing_claims_does_not_import_tensorflow():
    code = "import sys, stages.claims; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"
