"""`make clean` deletes what stages make, and nothing while a run is at work."""

import subprocess
import sys
from pathlib import Path

from heatproof.config.yaml_file import read_yaml
from tests.scratch import ROOT, environment
from tools.run_lock import run_lock


def outputs() -> list[str]:
    """Return what the stages of dvc.yaml write, but for metrics/, which git keeps."""
    stages = [stage.get("do", stage) for stage in read_yaml(ROOT / "dvc.yaml")["stages"].values()]
    written = [out for s in stages for kind in ("outs", "plots") for out in s.get(kind, ())]
    names = [out if isinstance(out, str) else next(iter(out)) for out in written]
    return [name.replace("${key}", "a") for name in names if not name.startswith("metrics/")]


def test_results_are_deleted_and_nothing_while_a_run_is_at_work(tmp_path: Path) -> None:
    for name in ("tools", "heatproof"):
        (tmp_path / name).symlink_to(ROOT / name)
    written = [tmp_path / name for name in [*outputs(), ".resume/a.npz"]]
    own = tmp_path / "data" / "my photos" / "a.png"
    for path in (*written, own):
        path.parent.mkdir(parents=True, exist_ok=True)
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
    assert all(path.exists() for path in written)
    assert clean().returncode == 0
    assert [path for path in written if path.exists()] == []
    assert own.exists()
