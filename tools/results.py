"""The tables of results, and whether the committed results belong to the committed code.

`python -m tools.results` writes them from metrics/ between two markers: accuracies into README.md,
a row for each cell into docs/. `make check-results`, before a release, names what is stale: a table
that metrics/ does not give, stages whose code or parameters are not those of dvc.lock, headlines
that are not what dvc.lock records or that no stage makes. It needs no data.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.results")

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from pathlib import Path
from typing import Any

from heatproof.config import params
from heatproof.config.yaml_file import read_yaml
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, atomic, paths
from heatproof.storage.formats import require
from tools.shell import dvc

START, END = "<!-- results -->", "<!-- end of results -->"
LOCK = Path("dvc.lock")
# What fingerprint writes: of what a stage depends on, in words.
WRITTEN = {"data/code": "code", "data/runs": "options of the run"}
# The numbers of a cell's headline that the table shows.
SHOWN = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "parameters", "flops")
NO_RESULTS = ("fingerprint", "report")  # stages whose outputs are not committed


def accuracies() -> str:
    """Return a Markdown table of test accuracy, a row for each model, a column for each dataset.

    Raises:
        UserError: as `table`.
    """
    study = params.load()
    datasets = list(dict.fromkeys(cell.dataset for cell in study.cells.values()))
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for name, cell in study.cells.items():
        headline = artifacts.read_headline("evaluate", name, SHOWN)
        rows[cell.model][cell.dataset] = f"{headline['accuracy']:.2%}"
    lines = [f"| model | {' | '.join(datasets)} |", "|---" * (len(datasets) + 1) + "|"]
    for model, found in rows.items():
        lines.append(f"| {model} | {' | '.join(found.get(each, '') for each in datasets)} |")
    return "\n".join(lines)


def table() -> str:
    """Return a Markdown table of the current folder's study, one row per cell.

    Raises:
        UserError: a cell has no headline, or one of another version.
    """
    study = params.load()
    rows = [
        "| model | dataset | test accuracy | 95 % interval | macro F1 | parameters | FLOPs "
        "| epochs | images per epoch |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, cell in study.cells.items():
        headline = artifacts.read_headline("evaluate", name, SHOWN)
        schedule = study.run(name).schedule
        images = schedule.train_images if schedule and name in study.runs else "–"
        rows.append(
            f"| {cell.model} | {cell.dataset} "
            f"| {headline['accuracy']:.2%} "
            f"| {headline['accuracy_low']:.2%} – {headline['accuracy_high']:.2%} "
            f"| {headline['macro_f1']:.3f} "
            f"| {headline['parameters']:,} "
            f"| {headline['flops'] / 1e6:.1f} M "
            f"| {headline.get('epochs', '–')} "
            f"| {f'{images:,}' if isinstance(images, int) else images} |"
        )
    return "\n".join(rows)


# Where the tables are.
TABLES = {Path("README.md"): accuracies, Path("docs/explanation/results.md"): table}


def replaced(path: Path, made: Callable[[], str]) -> tuple[str, str]:
    """Return a file's text, and the same with what is made between the markers.

    Raises:
        UserError: there is no such file, or a marker is missing; or as `made` does.
    """
    require(path, made_by="")
    text = path.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise UserError(f"{path}: the markers {START} and {END} are missing: put them back")
    return text, f"{before}{START}\n{made()}\n{END}{after}"


def check() -> list[str]:
    """Return what is stale among the committed results, a line each; empty where nothing is."""
    lines = []
    for path, made in TABLES.items():
        text, current = replaced(path, made)
        if text != current:
            lines.append(f"{path}: the table is not what metrics/ gives: python -m tools.results")
    subprocess.run([sys.executable, "-m", "stages.fingerprint"], check=True)
    recorded = read_yaml(LOCK)["stages"] if LOCK.exists() else {}
    return lines + stale(json.loads(dvc("status", "--json")), recorded)


def stale(status: dict[str, list[Any]], recorded: dict[str, Any]) -> list[str]:
    """Return a line for each kind of stage with stale results, how many and why; and for others'.

    Args:
        status: what `dvc status --json` prints.
        recorded: dvc.lock's stages.
    """
    by_kind: dict[str, list[set[str]]] = defaultdict(list)
    for stage, changes in status.items():
        reasons = {"not run yet"} if stage not in recorded else set(_reasons(changes))
        kind = stage.partition("@")[0]
        if reasons and kind not in NO_RESULTS:
            by_kind[kind].append(reasons)
    return [
        f"{kind}: {len(each)} stale: {', '.join(sorted(set().union(*each)))}"
        for kind, each in by_kind.items()
    ] + [f"{path}: no stage makes it" for path in _orphans(status.keys() | recorded.keys())]


def _orphans(stages: Set[str]) -> Iterator[Path]:
    for path in sorted(paths.METRICS.rglob("*.json")):
        if "@".join(path.relative_to(paths.METRICS).with_suffix("").parts) not in stages:
            yield path


def _reasons(changes: list[Any]) -> Iterator[str]:
    """Why a stage's results are stale. Data that are not there say nothing of it."""
    for change in changes:
        if isinstance(change, str):
            yield change
            continue
        for path, state in (item for part in change.values() for item in part.items()):
            if isinstance(state, dict):
                yield from state  # parameters
            elif (top := "/".join(Path(path).parts[:2])) in WRITTEN:
                yield WRITTEN[top]
            elif state == "modified" or not path.startswith(f"{paths.DATA}/"):
                yield path


def main() -> None:
    """Write the tables, or check; exit with 1 where something is stale."""
    parser = argparse.ArgumentParser(prog="python -m tools.results", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name what is stale")
    if parser.parse_args().check:
        if lines := check():
            raise UserError("these results are stale:\n" + "\n".join(lines))
        print("metrics/, dvc.lock and the tables belong to this code and these parameters")
        return
    for path, made in TABLES.items():
        atomic.write_text(path, replaced(path, made)[1])
        print(f"{path}: results table written")
