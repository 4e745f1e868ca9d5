"""`heatproof compare A B`: two studies, or two versions of one, side by side on one page.

A and B are studies' folders, DVC experiments or revisions of git of the study in the current
folder. Nothing is run and nothing is checked out: what is not at hand is said on the page.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.compare")

import argparse
import shlex
import tempfile
from contextlib import ExitStack
from pathlib import Path

from heatproof.report.pages import two_studies
from heatproof.report.sections import sides
from heatproof.report.sections.sides import Side
from heatproof.run.errors import UserError
from heatproof.statistics.numbers import printable
from tools import calling, revisions
from tools.shell import dvc

FOLDER = Path("comparison")
OURS = {"index.html", "images"}  # in `FOLDER`
REMEDY = (
    "In that folder, `dvc pull` brings what a remote has, and `heatproof repro` (in the repository "
    "`make repro`) makes the rest."
)


def main() -> None:
    """Write the page, and say what it comes to and where it is."""
    parser = argparse.ArgumentParser(
        prog="heatproof compare",
        description="Write one page on two studies: which parameters differ, and what came of it "
        "in accuracy, verdicts and maps. Nothing is run or checked out.",
        epilog="Examples: heatproof compare demo ../bees; heatproof compare HEAD~1 (with the study "
        "as it is now); heatproof compare main stride2 (an experiment).",
    )
    what = "a study's folder, or of the current study a DVC experiment or a revision of git"
    parser.add_argument("first", metavar="A", help=what)
    parser.add_argument(
        "second", metavar="B", nargs="?", default=".", help="as A; the current folder if left out"
    )
    parser.add_argument(
        "--to", type=Path, default=FOLDER, help=f"the page's folder ({FOLDER}/ if left out)"
    )
    arguments = parser.parse_args()
    compare(arguments.first, arguments.second, arguments.to)


def compare(first: str, second: str, to: Path) -> None:
    """Compare two studies and write the page to a folder.

    Raises:
        UserError: one of them is none, both are the same, or the folder is in use for other things.
    """
    if to.is_dir() and (others := sorted({path.name for path in to.iterdir()} - OURS)):
        raise UserError(
            f"--to {to}: has other files than a comparison ({others[0]}), which would be deleted; "
            "name another folder"
        )
    with ExitStack() as stack:
        opened = [_opened(name, stack) for name in (first, second)]
        (a, one), (b, two) = opened
        if one == two:
            raise UserError(f"A ({first}) and B ({second}) are the same: {a.about}")
        program = calling.command("compare").split()
        words = [f"A={first}", f"B={second}"] if program[0] == "make" else [first, second]
        for finding in two_studies.write(a, b, to, shlex.join([*program, *words])):
            print(printable(finding))
    print(f"The page: {(to / 'index.html').resolve().as_uri()}")


def _opened(name: str, stack: ExitStack) -> tuple[Side, str]:
    """Read one side; return it with what it is the same as.

    Raises:
        UserError: there is no such folder, experiment or revision, or it is no study.
    """
    if Path(name).is_dir():
        side = sides.read(Path(name), name, about="folder", remedy=REMEDY)
        return side, str(Path(name).resolve())
    revision = revisions.find(name)
    if revision is None:
        known = revisions.named(revisions.experiments())
        raise UserError(
            f"{name}: no folder, no DVC experiment and no revision of git is called so in "
            f"{Path.cwd()} (experiments: {known})"
        )
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="revision-")))
    remedy = revisions.lay_out(revision, folder, Path(dvc("cache", "dir").strip()))
    return sides.read(folder, name, revision.about, remedy), revision.commit
