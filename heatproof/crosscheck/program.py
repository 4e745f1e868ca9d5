"""What computes one side of some checks: `python -m heatproof.crosscheck.program --help`.

A stage starts it (`processes`). What one method gives is written before the next is tried, so that
a library which ends the process takes nothing with it.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.crosscheck.program", uses="tensorflow")

import argparse
from contextlib import suppress
from pathlib import Path

from heatproof.config import params
from heatproof.crosscheck import sides
from heatproof.crosscheck.checks import checks
from heatproof.crosscheck.preparation import prepared
from heatproof.run import runtime


def main() -> None:
    """Compute one side of the checks that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m heatproof.crosscheck.program",
        description="Compute one side of some checks of a cell; the stage crosscheck starts this.",
    )
    parser.add_argument("--cell", required=True, help="a cell of params.yaml")
    parser.add_argument("--side", required=True, choices=sides.DRAWS, help="ours, or a library's")
    parser.add_argument("--folder", required=True, type=Path, help="where the results are written")
    parser.add_argument("names", nargs="+", choices=checks(), metavar="CHECK", help="in this order")
    arguments = parser.parse_args()
    _end_first_without_memory()
    study = params.load()
    runtime.configure(study.threads, study.seed)
    subject = prepared(study, arguments.cell)
    for name in arguments.names:
        computed = sides.compute(checks()[name], arguments.side, subject)
        sides.write(sides.place(arguments.folder, arguments.side, name), computed)


def _end_first_without_memory() -> None:
    """Have Linux end this process, and not the stage that waits for it, where memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
