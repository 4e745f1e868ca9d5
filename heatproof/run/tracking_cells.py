"""MLflow's runs of cells: one for each cell, with those of its stages inside.

A cell has one run for each configuration of its training, and another in each DVC experiment. What
a stage of it logs, also one of its further runs (seeds, folds), is a run of its own inside; a
stage that runs again is logged beside its earlier runs, which are marked as replaced. The cell's
run has the headline numbers as they are now.
"""

import fcntl
import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PARENT = "mlflow.parentRunId"  # as MLflow's own pages know it
KIND, CELL = "kind", "cell"
REPLACED = "replaced_by"
_LOCK = Path(".dvc/tmp/tracking.lock")
_WORKSPACE = "workspace"  # what is no experiment of DVC's
_PER_CALL = 100  # MLflow's own limit


class Cells:
    """Begins and ends the runs of stages, each inside its cell's."""

    def __init__(self, client: Any, experiment: str) -> None:
        self._client, self._experiment = client, experiment
        self._stages: dict[str, tuple[str, str]] = {}  # run -> its cell's run, and its stage
        self._under_way: dict[str, set[str]] = {}

    def begin(self, note: Mapping[str, Any]) -> str:
        """Begin the run of a stage, as its first note says; return its id."""
        with _alone():  # parallel processes make one run of a cell
            cell = self._cell(note)
        # A name given here also keeps MLflow from inventing one.
        created = self._client.create_run(
            self._experiment, note["time"], note["tags"] | {PARENT: cell}, note["begin"]
        )
        run = created.info.run_id
        self._stages[run] = cell, note["tags"]["dvc_stage"]
        self._under_way.setdefault(cell, set()).add(run)
        return run

    def headline(self, run: str, numbers: Mapping[str, float], time: int) -> None:
        """Give numbers of a stage to the cell's run too."""
        from mlflow.entities import Metric

        metrics = [Metric(allowed(name), value, time, 0) for name, value in numbers.items()]
        self._client.log_batch(self._stages[run][0], metrics=metrics)

    def end(self, run: str, status: str) -> None:
        """End a stage's run; the cell's ends as its last stage did."""
        cell, stage = self._stages.pop(run)
        under_way = self._under_way[cell]
        under_way.discard(run)
        if status == "FINISHED":
            for earlier in self._search({PARENT: cell, "dvc_stage": stage}):
                if earlier.info.run_id != run and REPLACED not in earlier.data.tags:
                    self._client.set_tag(earlier.info.run_id, REPLACED, run)
        if not under_way:
            self._client.set_terminated(cell, status)

    def _cell(self, note: Mapping[str, Any]) -> str:
        """Return the run of a stage's cell, which is made if it is not there."""
        cell, tags = note["cell"], note["tags"]
        known = {
            KIND: "cell",
            CELL: cell,
            "training": note["training"],
            "dvc_experiment": tags.get("dvc_experiment", _WORKSPACE),
        }
        found = self._search(known)
        if found:
            run = found[0].info.run_id
            self._client.update_run(run, status="RUNNING")
        else:
            run = self._client.create_run(self._experiment, note["time"], known, cell).info.run_id
        for name in ("git_commit", "mlflow.source.git.commit", "mlflow.source.type"):
            self._client.set_tag(run, name, tags[name])
        # Once: MLflow refuses another value of a parameter, such as the budget that led to it.
        if tags["dvc_stage"] == f"train@{cell}" and not (found and found[0].data.params):
            log_params(self._client, run, note["params"])
        return run

    def _search(self, tags: Mapping[str, str]) -> list[Any]:
        """Return the runs with these tags, the newest first."""
        # No quotation mark within one: MLflow's language has no escape for it.
        asked = {name: value for name, value in tags.items() if not set(value) & set("'\"`")}
        query = " and ".join(f"tags.`{name}` = '{value}'" for name, value in asked.items())
        runs = self._client.search_runs(
            [self._experiment], query, order_by=["attributes.start_time DESC"]
        )
        return [run for run in runs if tags.items() <= run.data.tags.items()]


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time in, of those of a folder; where there is no such folder, all."""
    if not _LOCK.parent.is_dir():
        yield
        return
    with open(_LOCK, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def log_params(client: Any, run: str, params: Mapping[str, str]) -> None:
    """Log parameters to a run, in as many calls as MLflow needs."""
    from mlflow.entities import Param
    from mlflow.utils import chunk_list

    for batch in chunk_list([Param(allowed(n), v) for n, v in params.items()], _PER_CALL):
        client.log_batch(run, params=batch)


def allowed(name: str) -> str:
    """Return `name` with what MLflow refuses in a metric's or parameter's name replaced by _."""
    name = re.sub(r"[^\w\-. :/]", "_", str(name))
    return name if name == posixpath.normpath(name).lstrip("/") else name.replace("/", "_")
