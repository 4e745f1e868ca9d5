"""`make demo`: the whole pipeline on scikit-learn's bundled digits, as a study of its own in demo/.

The study is made as `heatproof new` makes one, in a git repository of its own, so that everything
works there that works in any study. The second time it is left as it is: DVC finds nothing to do,
or resumes an interrupted run.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "tools.demo",
        purpose="Run the whole pipeline on scikit-learn's digits, in demo/.",
        prog="heatproof demo",
    )

import os
import sys
from pathlib import Path

from heatproof.config import params
from heatproof.new import examples, update
from heatproof.storage import artifacts, atomic
from tools import calling, pipeline, repair
from tools.run_lock import held, run_lock

DEMO = Path("demo")
ACCURACY_GOAL = 0.95


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


def prepare(demo: Path) -> None:
    """Make the demo's folder; if it is there, bring its stages up to date.

    Raises:
        UserError: as `examples.write` does.
    """
    if not (demo / params.PARAMS).exists():
        for note in examples.write("digits", demo):
            print(f"note: {note}")
    elif not update.is_current(demo):
        atomic.write_text(demo / update.STAGES, update.current(demo))
        update.add_missing(demo)


def prepare_alone(folder: Path, command: str) -> None:
    """Prepare the demo in a folder while nobody else does.

    Args:
        folder: where demo/ is to be; of it nothing else is changed.
        command: what the user called, for those who wait.

    Raises:
        UserError: as `prepare` does, or the folder cannot be written to.
    """
    with run_lock(folder, command, "demo") if (folder / ".dvc").is_dir() else held(folder):
        prepare(folder / DEMO)


def main() -> None:
    """Run the demo and print its results."""
    demo = Path.cwd() / DEMO
    prepare_alone(Path.cwd(), "make demo")
    with run_lock(demo, "make demo"):
        repair.repair(demo)
        print(f"The demo runs in {DEMO}/; interrupted, it resumes with the next `make demo`.")
        sys.stdout.flush()
        os.chdir(demo)
        ended = pipeline.run("--wait-for-lock", "repro")
    if ended.interrupted:
        print(pipeline.where_it_stands(ended, "make demo", demo), file=sys.stderr)
    elif ended.code:
        print(f"error: the demo stopped in the stage named above ({DEMO}/)", file=sys.stderr)
    if ended.code:
        sys.exit(ended.code)
    table, under = summary(list(params.load().cells))
    print(f"\n{table}\n\n{calling.report_line()}")
    if under:
        print(
            f"error: under {ACCURACY_GOAL:.0%} test accuracy: {', '.join(under)}; with unchanged "
            "parameters this is a bug: please report it with the table above",
            file=sys.stderr,
        )
        sys.exit(1)
