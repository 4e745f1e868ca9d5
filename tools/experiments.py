"""`make experiments`: a page on every DVC experiment, beside the report.

Made outside the pipeline, because experiments are not among the study's results: from what
`dvc exp show` knows, and from the files that DVC's cache still has.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "tools.experiments",
        purpose="Write a page on every DVC experiment.",
        prog="heatproof experiments",
    )

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from heatproof.report.pages import experiments
from heatproof.report.sections.outcomes import Outcome, Start, changed_cells
from heatproof.report.site import REPORTS
from heatproof.run.errors import UserError
from heatproof.run.git import git
from heatproof.statistics.numbers import plural
from tools import exp_files, exp_show
from tools.shell import dvc

FOLDER = Path("experiments")
REFERENCE = re.compile(r"refs/exps/([0-9a-f]{2})/([0-9a-f]{38})/.+")


def collect() -> list[Start]:
    """Every commit that experiments started from, the present one first, with what they came to.

    Raises:
        UserError: this is no git repository with a commit, or DVC cannot tell of experiments.
    """
    present = git("rev-parse", "--verify", "HEAD").strip()
    revs = list(dict.fromkeys((present, *_baselines())))
    options = [word for rev in revs for word in ("--rev", rev)]
    printed = dvc("exp", "show", *options, "--json", "--hide-workspace")
    try:
        content = json.loads(printed)
    except ValueError:
        raise UserError(
            f"dvc exp show printed no JSON but {printed[:60]!r}: see `dvc exp show`"
        ) from None
    subjects = {rev: git("log", "-1", "--format=%s", rev).strip() for rev in revs}
    cache = Path(dvc("cache", "dir").strip())
    return [_illustrated(each, cache) for each in exp_show.starts(content, subjects, present)]


def write(starts: Sequence[Start]) -> None:
    """Write the page."""
    experiments.write(starts, FOLDER, REPORTS)


def main() -> None:
    """Write the page and say where it is."""
    starts = collect()
    write(starts)
    count = sum(len(start.experiments) for start in starts)
    print(f"{FOLDER / 'index.html'}: {plural(count, 'experiment')}")


def _baselines() -> list[str]:
    """The commits that finished experiments started from, as git's references name them."""
    names = git("for-each-ref", "--format=%(refname)", "refs/exps").splitlines()
    revs = (match[1] + match[2] for name in names if (match := REFERENCE.fullmatch(name)))
    return [rev for rev in dict.fromkeys(revs) if _is_here(rev)]


def _is_here(rev: str) -> bool:
    """Whether a commit is in this repository: one fetched in part may lack it."""
    try:
        git("cat-file", "-e", f"{rev}^{{commit}}")
    except UserError:
        return False
    return True


def _illustrated(start: Start, cache: Path) -> Start:
    """Add what there is to look at, of the cells that experiments changed."""
    cells = tuple(changed_cells(start))

    def with_pictures(outcome: Outcome) -> Outcome:
        figures = {
            cell: known | exp_files.details(cell, outcome.outputs, cache)
            for cell, known in outcome.figures.items()
        }
        pictures = {cell: exp_files.pictures(cell, outcome.outputs, cache) for cell in cells}
        return replace(outcome, figures=figures, pictures=pictures)

    return replace(
        start,
        baseline=with_pictures(start.baseline),
        experiments=tuple(map(with_pictures, start.experiments)),
    )
