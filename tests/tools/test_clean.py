"""`make clean` while a run is at work."""

import subprocess
import sys
from pathlib import Path

from tests.scratch import ROOT, environment
from tools.run_lock import run_lock


def test_nothing_is_deleted_while_a_run_is_at_work(tmp_path: Path) -> None:
    for name in ("tools", "heatproof"):
        (tmp_path / name).symlink_to(ROOT / name)
    weights = tmp_path / "data" / "models" / "a.weights.h5"
    unfinished = tmp_path / ".resume" / "a.npz"
    for path in (weights, unfinished):
        path.parent.mkdir(parents=True)
        path.touch()

    def clean() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "tools/clean.sh", "1", sys.executable], cwd=tmp_path, env=environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    with run_lock(tmp_path, "make repro"):
        refused = clean()
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "`make repro` (process " in refused.stderr and "nothing was deleted" in refused.stderr
    assert weights.exists() and unfinished.exists()
    assert clean().returncode == 0
    assert not weights.exists() and not unfinished.exists()
