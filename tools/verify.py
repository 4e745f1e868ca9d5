"""Is the study reproducible here? `make verify CELL=simple_cnn-mnist`, or `heatproof verify`

Runs a cell again from the start, its data included, in a folder of its own with an empty cache,
whatever cache the user's configuration of DVC names, so that nothing is taken from the first run,
and compares every output with what dvc.lock says it was.
Durations are left out. On the machine, the versions and the number of threads that made dvc.lock,
everything should be identical. Elsewhere the last bits of sums differ, and training carries them
on until the weights have little in common. Then numbers are compared, where the first run's files
are still there to compare with; and where the cell has runs from further seeds (`runs` in
params.yaml), its accuracy with theirs: another machine is like another seed.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.verify")

import argparse
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import networkx as nx

from heatproof.config import params
from heatproof.config.arguments import only
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from tools import calling, jobs, pipeline
from tools.comparing import apart, beside_seeds
from tools.run_lock import run_lock

FOLDER = Path(".verify")
# A DVC repository without git, its cache beside this file whatever the user's own settings say.
DVC_CONFIG = (
    "[core]\n    no_scm = True\n    analytics = false\n    check_update = false\n"
    "[cache]\n    dir = cache\n"
)
LOCK = Path("dvc.lock")
TIMING = "data/timing/"
CODE = "data/code/"
# How far numbers may lie apart and still tell the same: of a number's size, and at least of one.
TOLERANCE = 0.02

IDENTICAL, WITHIN, DIFFERS = "identical", "within tolerance", "differs"
# Of a network whose weights are others, though its accuracy is as it should be.
FOLLOWS = "of other weights"
# What comes before any training, and what says how good the network is.
BEFORE, MEASURED = ("fingerprint", "fetch", "preprocess"), ("train", "evaluate")


@dataclass(frozen=True)
class Verdict:
    """The outcome for one output, and where it differs, if it does."""

    path: str
    outcome: str
    where: str = ""


def stages_of(folder: Path, cell: str) -> list[str]:
    """Return a cell's stages and all that they need, in an order in which they can run.

    Raises:
        UserError: the cell is unknown.
    """
    params.load(folder / params.PARAMS).cell(cell)
    graph = jobs.graph_of(folder)
    own = [name for name in graph if name.partition("@")[2] == cell]
    wanted = set(own).union(*(nx.descendants(graph, name) for name in own))
    return [n for n in nx.lexicographical_topological_sort(graph.reverse()) if n in wanted]


def recorded(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what dvc.lock says of each stage.

    Raises:
        UserError: there is no dvc.lock.
    """
    if not (folder / LOCK).exists():
        raise UserError(
            f"{LOCK}: there is no such file: nothing was run yet; `{calling.command('repro')}` "
            "runs it"
        )
    return read_yaml(folder / LOCK)["stages"]


def copied(source: Path, target: Path) -> None:
    """Make a repository without results: of what stages read, all that no stage makes."""
    from dvc.repo import Repo

    with Repo(str(source)) as repository:
        stages = repository.index.stages
        made = {Path(out.fs_path) for stage in stages if stage.cmd for out in stage.outs}
        read = {dep.fs_path for stage in stages for dep in stage.deps}
        read |= {stage.path for stage in stages} | {str(source / params.PARAMS)}
    # Folders of which stages make a part are theirs too: data/raw/<dataset>, data/metrics.
    above = {folder for path in made for folder in path.parents}
    for path in map(Path, sorted(read)):
        own = source in path.parents and made.isdisjoint((path, *path.parents))
        own = own and path not in above
        if own and path.exists():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(path, copy) if path.is_dir() else shutil.copy2(path, copy)
    (target / ".dvc").mkdir(parents=True, exist_ok=True)
    (target / ".dvc" / "config").write_text(DVC_CONFIG, encoding="utf-8")


def changed_inputs(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return which code and parameters are not those of the first run; other data are outputs."""
    hashes = [
        {
            d["path"]: d.get("md5")
            for d in each.get("deps", ())
            if d["path"].startswith(CODE) or not d["path"].startswith("data/")
        }
        for each in (before, after)
    ]
    changed = sorted(
        p for p in hashes[0].keys() | hashes[1].keys() if hashes[0].get(p) != hashes[1].get(p)
    )
    if before.get("params") != after.get("params"):
        changed.append("params.yaml")
    return changed


def compared(
    before: dict[str, Any], after: dict[str, Any], first: Path, second: Path, tolerance: float
) -> Iterator[Verdict]:
    """Compare a stage's outputs, as dvc.lock has them, with those of the second run.

    Args:
        before: the stage in the first run's dvc.lock.
        after: in the second's.
        first: the folder where the first run's files are, if they are.
        second: the second run's.
        tolerance: see `apart`.
    """
    was = {out["path"]: out.get("md5") for out in before.get("outs", ())}
    for out in after.get("outs", ()):
        path = out["path"]
        if path.startswith(TIMING):
            continue
        if path not in was:
            yield Verdict(path, DIFFERS, "dvc.lock does not have it")
        elif out.get("md5") == was[path]:
            yield Verdict(path, IDENTICAL)
        elif not (first / path).is_file() or _md5(first / path) != was[path]:
            yield Verdict(path, DIFFERS, "other bytes; `dvc checkout` brings the first run's file")
        else:
            where = apart(first / path, second / path, tolerance)
            yield Verdict(path, DIFFERS if where else WITHIN, where)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def verify(cell: str, tolerance: float, folder: Path) -> bool:
    """Run a cell again in `folder` and print the outcome of each stage; return whether it repeats.

    Raises:
        UserError: the cell is unknown, it was not run yet, or running it again fails.
    """
    here = Path.cwd()
    before = recorded(here)
    names = stages_of(here, cell)
    missing = [name for name in names if name not in before]
    if missing:
        raise UserError(
            f"dvc.lock: {', '.join(missing)} not run yet, so there is nothing to compare with; "
            f"run `dvc repro {missing[0]}` first"
        )
    shutil.rmtree(folder, ignore_errors=True)
    copied(here, folder)
    print(f"running {len(names)} stages again in {folder}/, with an empty cache", flush=True)
    os.environ["STUDY_TRACKING"] = "off"
    with chdir(folder):
        ended = pipeline.run("repro", "--force", "--single-item", *names)
    if ended.interrupted:
        raise KeyboardInterrupt("interrupted: nothing is verified; the same command begins again")
    if ended.code:
        raise UserError(f"a stage failed, see above; what was made so far is in {folder}/")
    if skipped := [name for name in names if name not in ended.ran]:
        raise UserError(f"DVC did not run {', '.join(skipped)}, so nothing is verified; see above")
    after = recorded(folder)
    repeats = True
    seeds = beside_seeds(cell, folder)
    for name in names:
        verdicts = list(compared(before[name], after[name], here, folder, tolerance))
        worst = max((v.outcome for v in verdicts), key=(IDENTICAL, WITHIN, DIFFERS).index)
        stage = name.partition("@")[0]
        if worst == DIFFERS and seeds and seeds[0] and stage not in BEFORE:
            worst = WITHIN if stage in MEASURED else FOLLOWS
        repeats &= worst != DIFFERS
        print(f"{worst:17} {name}")
        for verdict in verdicts:
            if verdict.where:
                print(f"{'':17}   {verdict.path}: {verdict.where}")
        if inputs := changed_inputs(before[name], after[name]):
            other = f"dvc.lock is of other {', '.join(inputs)}"
            print(f"{'':17}   {other}: `{calling.command('repro')}` renews it")
    if seeds:
        print(seeds[1])
    return repeats


def main() -> None:
    """Verify the cell named on the command line; exit with 1 if it does not repeat."""
    parser = argparse.ArgumentParser(
        prog="heatproof verify", description="Is the study reproducible here?"
    )
    told = "a cell of params.yaml, <model>-<dataset>; the only one if left out"
    parser.add_argument("cell", nargs="?", help=told)
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE,
        help="how far numbers may lie apart and still agree: of their size, and at least of one",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help=f"leave the second run in {FOLDER}/")
    arguments = parser.parse_args()
    if not arguments.tolerance >= 0:
        raise UserError(f"--tolerance {arguments.tolerance:g}: expected a number from 0 on")
    cell = arguments.cell or only(list(params.load().cells), "in params.yaml")
    with run_lock(Path.cwd(), calling.command("verify", cell), "verify"):
        repeats = verify(cell, arguments.tolerance, FOLDER)
        if not arguments.keep:
            shutil.rmtree(FOLDER, ignore_errors=True)
    print("everything repeats" if repeats else "error: not everything repeats, see above")
    sys.exit(0 if repeats else 1)
