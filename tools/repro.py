"""`make repro`: check params.yaml, set the budget if one is named, then `dvc repro`.

The budget is written into params.yaml rather than passed beside it: dvc.lock records the
parameters that results were made with, so a budget that only this command knew would leave
`dvc status`, `dvc repro` and the report contradicting it. Going back is the same command with the
other budget, and costs nothing: DVC's run-cache has kept the earlier results.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.repro")

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NoReturn, get_args

from heatproof.config import params
from heatproof.new import update
from heatproof.run import forkserver, stage, tracking
from heatproof.run.errors import UserError, require_known
from heatproof.run.git import git
from heatproof.storage import atomic
from tools import calling, cluster_run, jobs, pipeline, repair, targets
from tools.run_lock import run_lock

BUDGET_LINE = re.compile(r"^(budget:[ \t]*)([^\s#]+)", re.MULTILINE)


def set_budget(path: Path, budget: str) -> None:
    """Set `budget` in a parameters file, leaving all else, comments included, as it is.

    Raises:
        UserError: the file has no line for it.
    """
    text = path.read_bytes().decode()
    line = BUDGET_LINE.search(text)
    if line is None:
        raise UserError(f"{path}: budget is missing: add the line `budget: {budget}`")
    if line[2] == budget:
        return
    atomic.write_text(path, text[: line.start(2)] + budget + text[line.end(2) :])
    print(
        f"{path}: budget is now {budget}, it was {line[2]} "
        f"(make repro BUDGET={line[2]} sets it back; completed results stay in DVC's cache)"
    )


def main() -> None:
    """Run the study, or the targets named on the command line."""
    parser = argparse.ArgumentParser(prog="heatproof repro", description="Run the study.")
    parser.add_argument("--budget", help="set the budget in params.yaml first")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time")
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="on a Ray cluster: auto, local (this machine alone), ray://HOST:PORT or HOST:PORT",
    )
    parser.add_argument(
        "--through-remote",
        action="store_true",
        help="with --cluster: on this machine too results go through the DVC remote",
    )
    # The command that resumes, of whoever calls this.
    parser.add_argument("--again", help=argparse.SUPPRESS)
    parser.add_argument("--dry", action="store_true", help="only list what would run")
    parser.add_argument("targets", nargs="*", help="stages such as train@simple_cnn-mnist")
    arguments = parser.parse_args()
    if arguments.budget is not None:
        what = f"BUDGET={arguments.budget}: unknown"
        require_known(what, arguments.budget, get_args(params.Budget))
    if arguments.jobs < 1:
        raise UserError(f"JOBS={arguments.jobs}: expected 1 or more")
    if arguments.jobs != 1 and arguments.targets:
        raise UserError("JOBS runs whole cells: leave out TARGET, or JOBS")
    if arguments.cluster is not None and not arguments.cluster.strip():
        raise UserError("CLUSTER is empty: write auto, or leave it out for a run without Ray")
    if arguments.cluster and arguments.jobs != 1:
        raise UserError("CLUSTER runs as much at once as its nodes can: leave out JOBS, or CLUSTER")
    here = Path.cwd()
    again = arguments.again or same_command(arguments.jobs, arguments.targets, arguments.cluster)
    if not (here / ".dvc").is_dir():
        raise UserError(f"{here}: no DVC repository: run this in the study's folder")
    only_lists = arguments.dry and not arguments.budget
    with nullcontext() if only_lists else run_lock(here, again):
        if arguments.budget:
            set_budget(params.PARAMS, arguments.budget)
        if not Path("Makefile").exists() and not update.is_current(here):
            raise UserError(
                "dvc.yaml: its stages are not those that this version of heatproof runs: "
                "`heatproof update` writes them (`git diff` then shows what changed)"
            )
        # DVC would stop at a wrong name too, but in terms of its own file, not the user's.
        targets.require_stages(arguments.targets, params.load())
        if arguments.dry:
            sys.exit(pipeline.run("repro", "--dry", *arguments.targets).code)
        try:
            git("rev-parse", "--verify", "HEAD")
        except UserError as error:
            print(f"the report will not say which commit the results are of: {error}", flush=True)
        repair.repair(here)
        if arguments.cluster:
            with stage.parameters_kept(), tracking.sender():
                shares = not arguments.through_remote
                code = cluster_run.run(arguments.cluster, here, again, shares, arguments.targets)
            _end(code, whole=not arguments.targets)
        if arguments.jobs != 1:
            with stage.parameters_kept(), forkserver.offered(), tracking.sender():
                code = jobs.run(arguments.jobs, here, again)
            _end(code)
        sys.stdout.flush()
        # Another DVC, asked for `dvc status`, may hold the lock for longer than DVC waits unasked:
        # a training that ends meanwhile would be lost.
        ended = pipeline.run("--wait-for-lock", "repro", *arguments.targets)
        if ended.interrupted:
            print(pipeline.where_it_stands(ended, again, here), file=sys.stderr)
        _end(ended.code, whole=not arguments.targets)


def _end(code: int, whole: bool = True) -> NoReturn:
    """Exit; after a whole run that went well, say where its report is."""
    if whole and not code and (line := calling.report_line()):
        print(f"\n{line}", flush=True)
    sys.exit(code)


def same_command(jobs: int, targets: Sequence[str], cluster: str | None = None) -> str:
    """Return the command that says the same as these arguments in the current folder."""
    if cluster:
        if Path("Makefile").exists():
            named = [f'TARGET="{" ".join(targets)}"'] if targets else []
            return " ".join([f"make repro CLUSTER={cluster}", *named])
        return " ".join([f"heatproof cluster run {cluster}", *targets])
    if not Path("Makefile").exists():  # a study in a folder of its own
        words = [f"--jobs {jobs}"] if jobs != 1 else []
        return " ".join(["heatproof repro", *words, *targets])
    words = [f"JOBS={jobs}"] if jobs != 1 else []
    return " ".join(["make repro", *words, *([f'TARGET="{" ".join(targets)}"'] if targets else [])])
