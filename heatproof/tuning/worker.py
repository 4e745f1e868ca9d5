"""The process that trains for a search: one training after the other, of data that it reads once.

`python -m heatproof.tuning.worker CELL DESCRIPTOR` gets requests, a line of JSON each, from a
socket, and answers in lines: after each epoch with its accuracy, upon which it is told whether to
go on, and with what came of the training. It ends when the socket is closed.

It knows no test image: `training_part` leaves them out before anything else has the dataset.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.tuning.worker", uses="keras")

import gc
import json
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import keras

from heatproof.config import params
from heatproof.config.runs import Run
from heatproof.config.tuned import run_with
from heatproof.run import memory, tracking
from heatproof.run.errors import UserError
from heatproof.storage import artifacts
from heatproof.storage.records import Dataset
from heatproof.training import runs
from heatproof.training.loop import BALANCED, Outcome
from heatproof.tuning.trials import GoesOn, Result

ACCURACY = "val_accuracy"


class _Ended(Exception):
    """A training was ended early, because others were better."""


def main() -> None:
    """Serve until the socket is closed."""
    serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))


def serve(cell: str, channel: socket.socket) -> None:
    """Train a cell as requests say, until the socket is closed."""
    study = params.load()
    dataset = training_part(study.cell(cell).dataset)
    with channel.makefile("r", encoding="utf-8") as requests:

        def asked(epoch: int, accuracy: float) -> bool:
            channel.sendall(json.dumps({"epoch": epoch, "accuracy": accuracy}).encode() + b"\n")
            return bool(json.loads(requests.readline() or "false"))

        for line in requests:
            request = json.loads(line)
            run = run_with(study, cell, request["values"])
            run = run.model_copy(update={"seed": request["seed"]})
            result = trained(run, dataset, request["name"], asked)
            answer = {"result": result.record()}
            channel.sendall(json.dumps(answer).encode() + b"\n")


def training_part(name: str) -> Dataset:
    """Open a prepared dataset without its test part, of which nothing can be read then."""
    whole = artifacts.read_dataset(name)
    return replace(
        whole,
        test_images=whole.train_images[:0],
        test_labels=whole.train_labels[:0],
        test_masks=None,
    )


def trained(run: Run, dataset: Dataset, name: str, goes_on: GoesOn) -> Result:
    """Train a run, and return its validation accuracy at the epoch that it would keep.

    Args:
        run: what is trained, and how.
        dataset: of `training_part`.
        name: for MLflow.
        goes_on: asked after each epoch, by its number from 1 and its accuracy.

    Returns:
        Its accuracy, balanced where the run's classes are. None, with a reason, where the training
        diverged, the memory does not suffice, or the network cannot be built with these values:
        that is no good choice, and no end of the search.
    """
    watched = ACCURACY if run.training.balance == "none" else f"val_{BALANCED}"
    curve: list[float] = []
    started = time.monotonic()
    used = run.model_dump(exclude={"name", "cell"}) | {"budget": run.budget}
    with tracking.run("tune", f"{run.cell}-{name}", used, run.cell) as tracked:

        def heard(numbers: Mapping[str, float], epoch: int) -> None:
            tracked.log_metrics(numbers, step=epoch)
            curve.append(numbers[watched])
            if not goes_on(len(curve), curve[-1]):
                raise _Ended

        try:
            outcome = _outcome(run, dataset, heard)
            accuracy, reason = float(outcome.history[watched][outcome.best_epoch - 1]), ""
            tracked.log_metrics({f"best_{watched}": accuracy, "best_epoch": outcome.best_epoch})
        except _Ended:
            accuracy, reason = None, ""
        except UserError as error:
            accuracy, reason = None, str(error)
        except Exception as error:
            if (asked := memory.asked_for(error)) is None:
                raise
            accuracy, reason = None, f"out of memory{f': {asked} were asked for' if asked else ''}"
        seconds = time.monotonic() - started
        tracked.log_metrics({"train_seconds": seconds})
    return Result(accuracy, curve, round(seconds, 3), reason)


def _outcome(
    run: Run, dataset: Dataset, heard: Callable[[Mapping[str, float], int], None]
) -> Outcome:
    # What the last training left would otherwise pile up, and count in names of layers.
    keras.backend.clear_session()
    gc.collect()
    runs.configure(run)
    return runs.train_run(run, dataset, heard)[1]
