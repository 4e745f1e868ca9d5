"""MLflow as a side channel: it may fail, be slow to answer or be missing, and no run notices.

Runs go to `mlflow.db` and `mlartifacts/` in the repository's root (the parent repository's, where
DVC runs a queued experiment in a temporary copy), or to the server that MLFLOW_TRACKING_URI names.
The experiment is called "study", or what MLFLOW_EXPERIMENT_NAME says. STUDY_TRACKING=off (or
MLFLOW_TRACKING_URI=off) turns tracking off without importing MLflow.
"""

import hashlib
import importlib.util
import json
import numbers
import os
import posixpath
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.run import provenance
from heatproof.run.tracking_store import masked, open_client, preserve_rng_state

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# MLflow's own limits for one request.
_PARAMS_PER_CALL = 100
_METRICS_PER_CALL = 1000

_failed = False


class Run:
    """One MLflow run; every method is a no-operation where tracking is off."""

    def __init__(self) -> None:
        self._client: Any = None
        self._run_id = ""
        self._open: Callable[[], None] | None = None

    def log_metrics(self, values: Mapping[str, object], step: int = 0) -> None:
        """Log numbers, for example an epoch's.

        Args:
            values: name -> number. What is no number (names, tables, None) is left out: it belongs
                into an artifact.
            step: the epoch, from 1, or 0 for final values.
        """

        def send() -> None:
            from mlflow.entities import Metric

            now = _now()
            metrics = [
                Metric(_allowed(name), float(value), now, step)
                for name, value in values.items()
                if isinstance(value, numbers.Real) and not isinstance(value, bool)
            ]
            for start in range(0, len(metrics), _METRICS_PER_CALL):
                batch = metrics[start : start + _METRICS_PER_CALL]
                self._client.log_batch(self._run_id, metrics=batch)

        self._send(send)

    def log_figure(self, figure: "Figure | Callable[[], Figure]", name: str) -> None:
        """Log a matplotlib figure under `name`, such as "confusion.png".

        A function is called for its figure where the run is tracked, and nowhere else.
        """

        def send() -> None:
            drawn = figure() if callable(figure) else figure
            self._client.log_figure(self._run_id, drawn, f"figures/{name}")

        self._send(send)

    def log_artifact(self, path: str | Path) -> None:
        """Log a file as it is."""
        self._send(lambda: self._client.log_artifact(self._run_id, str(path)))

    def _begin(self, stage: str, cell: str, params: Mapping[str, object]) -> None:
        """Note what the run will be called; MLflow is loaded when there is something to log.

        Loading it and opening its store take half as long as loading TensorFlow; the work need not
        wait for that.
        """
        flat, started = flattened(params), _now()
        commit = git_commit()
        tags = {
            "dvc_stage": f"{stage}@{cell}",
            "cell": cell,
            "git_commit": commit,
            "config_hash": config_hash(flat),
            "mlflow.source.type": "LOCAL",
            "mlflow.source.name": source_file(stage),
            "mlflow.source.git.commit": commit.removesuffix("-dirty"),
        }
        if "DVC_EXP_NAME" in os.environ:
            tags["dvc_experiment"] = os.environ["DVC_EXP_NAME"]

        def create() -> None:
            client, experiment_id = open_client()
            # A name given here also keeps MLflow from inventing one.
            name = f"{stage} {cell}"
            run = client.create_run(experiment_id, start_time=started, tags=tags, run_name=name)
            self._client, self._run_id = client, run.info.run_id
            self._log_params(flat)

        self._open = create

    def _log_params(self, flat: Mapping[str, object]) -> None:
        from mlflow.entities import Param

        params = [
            Param(_allowed(key), value if isinstance(value, str) else _canonical(value))
            for key, value in flat.items()
        ]
        for start in range(0, len(params), _PARAMS_PER_CALL):
            batch = params[start : start + _PARAMS_PER_CALL]
            self._client.log_batch(self._run_id, params=batch)

    def _end(self, status: str) -> None:
        self._send(lambda: self._client.set_terminated(self._run_id, status=status))

    def _drop(self) -> None:
        """End a run that Ctrl-C broke off; one that has logged nothing yet leaves no trace."""
        if self._client is not None:
            self._end("KILLED")

    def _send(self, action: Callable[[], None]) -> None:
        """Do `action`; the first failure costs a line on stderr and the rest of the tracking."""
        global _failed
        if _failed or self._open is None:
            return
        try:
            with preserve_rng_state():
                if self._client is None:
                    self._open()
                action()
        # A side channel: whatever goes wrong in it, the run it watches must not notice.
        except Exception as error:
            _failed = True
            print(
                f"warning: MLflow tracking is off from here on ({_reason(error)}); results are not "
                "affected. Check MLFLOW_TRACKING_URI, or set STUDY_TRACKING=off",
                file=sys.stderr,
            )


@contextmanager
def run(stage: str, cell: str, params: Mapping[str, object]) -> Iterator[Run]:
    """Track one stage of one cell as an MLflow run.

    It appears in MLflow with the first numbers that are logged, such as a training's first epoch,
    and begins when the block does. It is marked FINISHED, FAILED where the block raises, or KILLED
    at Ctrl-C; what the block raises is raised unchanged.

    Args:
        stage: the DVC stage, such as "train" or "explain_gradients".
        cell: the cell, such as "simple_cnn-mnist".
        params: what the stage depends on, flat or nested (pydantic blocks too). Logged flat, with
            dots between the keys; its hash is the tag config_hash.

    Yields:
        A `Run` to log to. Where tracking is off its methods do nothing.
    """
    tracked = Run()
    # As it is before the work begins: the commit may be another when its durations are written.
    provenance.sources()
    try:
        if not (_switched_off() or _missing()):
            tracked._begin(stage, cell, params)
        yield tracked
    except KeyboardInterrupt:
        tracked._drop()
        raise
    except BaseException:
        tracked._end("FAILED")
        raise
    else:
        tracked._end("FINISHED")


def flattened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten nested mappings and pydantic blocks, keys joined with dots, in order of the keys."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        value = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": leaf for inner, leaf in flattened(value).items()}
        else:
            flat[str(key)] = value
    return dict(sorted(flat.items()))


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


def _now() -> int:
    """Return the time as MLflow has it, in milliseconds."""
    return int(time.time() * 1000)


def source_file(stage: str) -> str:
    """Return the stage's entry point; those of all families have one."""
    kind, _, _ = stage.partition("_")
    return f"stages/{kind if kind in ('explain', 'measure') else stage}.py"


def _switched_off() -> bool:
    values = (os.environ.get("STUDY_TRACKING", ""), os.environ.get("MLFLOW_TRACKING_URI", ""))
    return any(value.strip().lower() == "off" for value in values)


def _missing() -> bool:
    """Whether there is no MLflow here, as on a machine that only trains; prints a line then."""
    if importlib.util.find_spec("mlflow"):
        return False
    print("MLflow is not installed: the run is not tracked, and nothing else changes", flush=True)
    return True


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _allowed(name: str) -> str:
    """Return `name` with what MLflow refuses in a metric's or parameter's name replaced by _."""
    name = re.sub(r"[^\w\-. :/]", "_", str(name))
    return name if name == posixpath.normpath(name).lstrip("/") else name.replace("/", "_")


def _reason(error: Exception) -> str:
    """Return an error in at most 300 characters of one line, without credentials."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return masked(f"{type(error).__name__}: {lines[0] if lines else 'no further word'}")[:300]
