"""`make demo`: the whole pipeline on scikit-learn's bundled digits, in a repository of its own.

The folder .demo/ gets a copy of the code and dvc.yaml, and params.yaml shrunk by demo.yaml; there
`dvc repro` runs as in the study. The user's params.yaml, dvc.lock, data/ and metrics/ are not
touched. Unchanged files are not copied again, so that DVC finds nothing to do the second time, and
resumes an interrupted run.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "tools.demo", purpose="Run the whole pipeline on scikit-learn's digits, in .demo/."
    )

import os
import shutil
import sys
from pathlib import Path

from heatproof.config import overlay, params
from heatproof.config.validation import validated
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from tools import pipeline, repair
from tools.run_lock import run_lock

DEMO = Path(".demo")
OVERLAY = Path("demo.yaml")
COPIED = ("dvc.yaml", "claims.yaml", ".dvcignore", "stages", "heatproof")
ACCURACY_GOAL = 0.95

# A DVC repository without git: .demo/ is git-ignored, and its results are nobody's commit.
DVC_CONFIG = "[core]\n    no_scm = True\n    analytics = false\n    check_update = false\n"


def prepare(source: Path, demo: Path) -> None:
    """Make or refresh the demo's folder from the repository at `source`.

    Raises:
        UserError: `source` is not the repository, or the parameters do not fit together.
    """
    for name in (*COPIED, str(params.PARAMS), str(OVERLAY)):
        if not (source / name).exists():
            raise UserError(f"{name}: there is no such file; run `make demo` in the repository")
    params.load(source / params.PARAMS)
    real, changes = overlay.read(source / params.PARAMS), overlay.read(source / OVERLAY)
    if not isinstance(changes, dict):
        raise UserError(f"{OVERLAY}: expected a mapping of what differs from {params.PARAMS}")
    validated(OVERLAY, "", params.Params, overlay.merged(real, changes))
    (demo / ".dvc").mkdir(parents=True, exist_ok=True)
    config = demo / ".dvc" / "config"
    if not config.exists():
        config.write_text(DVC_CONFIG, encoding="utf-8")
    for name in COPIED:
        mirror(source / name, demo / name)
    overlay.write(demo / params.PARAMS, overlay.overlaid(real, changes))
    params.load(demo / params.PARAMS)


def mirror(source: Path, copy: Path) -> None:
    """Make `copy` the same as the file or folder `source`, touching only what differs."""
    if source.is_file():
        if not copy.exists() or source.read_bytes() != copy.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
        return
    names = {entry.name for entry in source.iterdir() if entry.name != "__pycache__"}
    if copy.exists():
        for entry in copy.iterdir():
            if entry.name not in names and entry.name != "__pycache__":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name in sorted(names):
        mirror(source / name, copy / name)


def summary(cells: list[str]) -> tuple[str, list[str]]:
    """Return a table of the results in the current folder, and the cells under the goal."""
    lines = [f"{'cell':24} {'test accuracy':>13} {'95 % interval':>15} {'parameters':>10}"]
    under = []
    for cell in cells:
        measured = artifacts.read_metrics("evaluate", cell)
        interval = f"{measured['accuracy_low']:.3f}–{measured['accuracy_high']:.3f}"
        lines.append(
            f"{cell:24} {measured['accuracy']:13.3f} {interval:>15} {measured['parameters']:10,}"
        )
        if measured["accuracy"] < ACCURACY_GOAL:
            under.append(cell)
    return "\n".join(lines), under


def main() -> None:
    """Run the demo and print its results."""
    root = Path.cwd()
    if not (root / params.PARAMS).exists():
        raise UserError(
            f"{params.PARAMS}: there is no such file; run `make demo` in the repository"
        )
    with run_lock(root / DEMO, "make demo"):
        prepare(root, root / DEMO)
        repair.repair(root / DEMO)
        print(f"The demo runs in {DEMO}/; interrupted, it resumes with the next `make demo`.")
        sys.stdout.flush()
        os.chdir(root / DEMO)
        # DVC calls the stages as `python`.
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ended = pipeline.run("--wait-for-lock", "repro")
    if ended.interrupted:
        print(pipeline.where_it_stands(ended, "make demo", root / DEMO), file=sys.stderr)
    elif ended.code:
        print(f"error: the demo stopped in the stage named above ({DEMO}/)", file=sys.stderr)
    if ended.code:
        sys.exit(ended.code)
    table, under = summary(list(params.load().cells))
    print(f"\n{table}\n\nThe report: {DEMO / 'reports' / 'index.html'}")
    if under:
        print(
            f"error: under {ACCURACY_GOAL:.0%} test accuracy: {', '.join(under)}; with unchanged "
            "parameters this is a bug: please report it with the table above",
            file=sys.stderr,
        )
        sys.exit(1)
