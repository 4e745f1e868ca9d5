"""MLflow as a side channel: it may fail, be slow to answer or be missing, and no run notices.

A stage only notes what is to be tracked, in files; a process of its own sends it
(`tracking_sender`): one for all of `make repro`, else one for the stage. Only the end of either
waits for it, for a bounded time. What a cell's stages and further runs log lies within one MLflow
run of the cell, which has its headline numbers (`tracking_cells`).

Runs go to `mlflow.db` and `mlartifacts/` in the repository's root (the parent repository's, where
DVC runs a queued experiment in a temporary copy), or to the server that MLFLOW_TRACKING_URI names.
The experiment is called "study", or what MLFLOW_EXPERIMENT_NAME says. STUDY_TRACKING=off (or
MLFLOW_TRACKING_URI=off) turns tracking off without importing MLflow.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heatproof.run import provenance
from heatproof.run.nested import leaves
from heatproof.run.source_code import ROOT
from heatproof.run.tracking_notes import Run, now
from heatproof.run.tracking_sender import given_up, warn

NOTED = "STUDY_NOTED"  # the folder that a sender looks at; empty where tracking is off


@contextmanager
def run(stage: str, name: str, params: Mapping[str, object], cell: str = "") -> Iterator[Run]:
    """Track one stage of one cell as an MLflow run, within the cell's.

    It appears in MLflow with the first numbers that are logged, such as a training's first epoch,
    and begins when the block does. It is marked FINISHED, FAILED where the block raises, or KILLED
    at Ctrl-C and where this process is killed; what the block raises is raised unchanged.

    Args:
        stage: the DVC stage, such as "train" or "explain_gradients".
        name: the cell, such as "simple_cnn-mnist", or another run, or the cell on another dataset.
        params: what the stage depends on, flat or nested (pydantic blocks too). Logged flat, with
            dots between the keys; its hash is the tag config_hash.
        cell: the cell that the run belongs to; `name` if left out.

    Yields:
        A `Run` to log to. Where tracking is off its methods do nothing.
    """
    # As it is before the work begins: the commit may be another when its durations are written.
    provenance.sources()
    with sender():
        notes = os.environ[NOTED]
        tracked = Run(notes, _first(stage, name, params, cell or name) if notes else {})
        status = "FAILED"
        try:
            yield tracked
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            tracked._end(status)


@contextmanager
def sender() -> Iterator[None]:
    """Within, one process sends to MLflow what all stages note; at the end it is waited for.

    Where one is at work already, as under `make repro`, nothing is done.
    """
    if NOTED in os.environ:
        yield
        return
    notes, process = "", None
    try:
        root = repository_root()
        whole = os.getppid() if "DVC_ROOT" in os.environ else os.getpid()
        if not (_switched_off() or given_up(root, whole)):
            notes = tempfile.mkdtemp(prefix="tracking-")
            process = subprocess.Popen(
                [sys.executable, "-m", "heatproof.run.tracking_sender", notes, root, str(whole)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        warn(error)
    os.environ[NOTED] = notes if process else ""
    try:
        yield
    finally:
        del os.environ[NOTED]
        if process and process.stdin:
            process.stdin.close()
            process.wait()


def repository_root() -> Path:
    """Return the folder that mlflow.db belongs to.

    DVC names it in DVC_ROOT, also where it runs an experiment in a temporary copy; without DVC it
    is the current folder.
    """
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


def flattened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten nested mappings and pydantic blocks, keys joined with dots, in order of the keys."""
    flat = {name: value for name, value in leaves(params) if value != {}}
    return {name: flat[name] for name in sorted(flat)}


def config_hash(params: Mapping[str, object]) -> str:
    """Return the SHA-256 (hexadecimal) of the canonical JSON of `params`, flat or nested.

    The order of keys and the difference between nested and dotted keys do not change it.
    """
    return hashlib.sha256(_canonical(flattened(params)).encode()).hexdigest()


def git_commit() -> str:
    """Return the commit of the current folder, "-dirty" added if code or parameters differ from it.

    "unknown" where params.yaml is in no commit, or without git.
    """
    recorded = provenance.sources()
    if recorded["commit"] is None:
        return "unknown"
    differs = recorded["changed"] or recorded["parameters"]
    return f"{recorded['commit']}-dirty" if differs else recorded["commit"]


def source_file(stage: str) -> str:
    """Return the stage's entry point: its own, or the one of all families."""
    own = Path("stages", f"{stage}.py")
    return (own if (ROOT / own).exists() else own.with_stem(stage.partition("_")[0])).as_posix()


def _first(stage: str, name: str, params: Mapping[str, object], cell: str) -> dict[str, object]:
    """Return the note that a run begins with.

    `training` in it is equal for all runs of a cell under one configuration of its training.
    """
    flat, commit = flattened(params), git_commit()
    tags = {
        "dvc_stage": f"{stage}@{name}",
        "cell": cell,
        "git_commit": commit,
        "config_hash": config_hash(flat),
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": source_file(stage),
        "mlflow.source.git.commit": commit.removesuffix("-dirty"),
    }
    if "DVC_EXP_NAME" in os.environ:
        tags["dvc_experiment"] = os.environ["DVC_EXP_NAME"]
    values = {k: v if isinstance(v, str) else _canonical(v) for k, v in flat.items()}
    described = Path("data", "runs", f"{cell}.json")
    known = described.is_file()
    return {
        "time": now(),
        "begin": f"{stage} {name}",
        "cell": cell,
        "training": hashlib.sha256(described.read_bytes()).hexdigest() if known else "unknown",
        "tags": tags,
        "params": values,
    }


def _switched_off() -> bool:
    values = (os.environ.get("STUDY_TRACKING", ""), os.environ.get("MLFLOW_TRACKING_URI", ""))
    if any(value.strip().lower() == "off" for value in values):
        return True
    if importlib.util.find_spec("mlflow"):
        return False
    # As on a machine that only trains.
    print("MLflow is not installed: the run is not tracked, and nothing else changes", flush=True)
    return True


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
