"""Resuming an interrupted training from its last whole epoch.

After each epoch everything that the rest of the training depends on is written to one file:
weights, the generators' states and the optimiser's variables, the callbacks' state, the
history. Which images come when follows from the seed and the epoch alone. So the resumed training
ends in the same bytes as one that was never interrupted.
"""

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from heatproof.run.errors import shown_value
from heatproof.storage.formats import load_arrays, write_arrays
from heatproof.storage.images import Images, fingerprint

MADE_BY = "an unfinished training"
LISTS = ("best", "variables")  # of arrays, in a state
# What Keras' callbacks keep from epoch to epoch; a callback has some of these attributes.
CALLBACK_STATE = ("best", "best_epoch", "wait", "stopped_epoch", "cooldown_counter")


@dataclass(frozen=True)
class State:
    """How far a training had come.

    epochs: how many are done, in `seconds`. stopped: it wants no more of them.
    """

    epochs: int
    seconds: float
    stopped: bool
    history: dict[str, list[float]]
    watchers: list[dict[str, Any]]
    best: list[np.ndarray] | None
    variables: list[np.ndarray]


@dataclass(frozen=True)
class Checkpoint:
    """The file that an interrupted training leaves, and whether it is of this very training.

    key: stands for everything that decides the outcome (`key_of`).
    """

    path: Path
    key: str

    def read(self) -> State | None:
        """Return what the file holds; None, with a printed reason, if it is of no use here."""
        if not self.path.exists():
            return None
        try:
            arrays = load_arrays(self.path, MADE_BY)
            header = json.loads(arrays.pop("state").tobytes())
            if header["key"] != self.key:
                print(f"{self.path}: of another training; starting from the first epoch")
                return None
            for name in LISTS:
                if header["state"][name] is not None:
                    count = range(header["state"][name])
                    header["state"][name] = [arrays[f"{name}/{index}"] for index in count]
            state = State(**header["state"])
        except Exception as error:  # whatever it is that the file makes of its reader
            reason = shown_value(str(error) or type(error).__name__)
            print(f"{self.path}: damaged ({reason}); starting from the first epoch", flush=True)
            return None
        print(f"resuming after epoch {state.epochs}, as {self.path} has it", flush=True)
        return state

    def write(self, state: State) -> None:
        """Write the file, all or nothing."""
        lists = {name: getattr(state, name) for name in LISTS}
        counts = {name: None if each is None else len(each) for name, each in lists.items()}
        header = {"key": self.key, "state": vars(state) | counts}
        arrays = {"state": np.frombuffer(json.dumps(header).encode(), np.uint8)}
        for name, each in lists.items():
            arrays |= {f"{name}/{index}": array for index, array in enumerate(each or ())}
        write_arrays(self.path, arrays, MADE_BY)

    def of_part(self, name: str) -> "Checkpoint":
        """Return the checkpoint of a part of this training."""
        return Checkpoint(self.path.with_suffix(f".{name}.npz"), f"{self.key} {name}")

    def remove(self) -> None:
        """Remove the file, when the training's results are safe."""
        self.path.unlink(missing_ok=True)


class Resume(keras.callbacks.Callback):
    """Write the checkpoint after each epoch, and begin where it left off; the last callback."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        state: State | None,
        watchers: Sequence[keras.callbacks.Callback],
    ) -> None:
        """`watchers` are the callbacks whose state counts, in a fixed order."""
        super().__init__()
        self.checkpoint, self.state, self.watchers = checkpoint, state, list(watchers)
        self.history = {n: list(v) for n, v in state.history.items()} if state else {}
        self.started = 0.0

    def on_train_begin(self, logs=None) -> None:
        self.started = time.monotonic() - (self.state.seconds if self.state else 0.0)
        if self.state is None:
            return
        for variable, value in zip(variables(self.model), self.state.variables, strict=True):
            variable.assign(value)
        for watcher, state in zip(self.watchers, self.state.watchers, strict=True):
            for name, value in state.items():
                setattr(watcher, name, value)
            if hasattr(watcher, "best_weights"):
                watcher.best_weights = self.state.best

    def on_epoch_end(self, epoch, logs=None) -> None:
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            return  # there is nothing to resume from
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        best = [w.best_weights for w in self.watchers if hasattr(w, "best_weights")]
        self.checkpoint.write(
            State(
                epoch + 1,
                time.monotonic() - self.started,
                bool(self.model.stop_training),
                self.history,
                [{n: _plain(getattr(w, n)) for n in CALLBACK_STATE if hasattr(w, n)}
                 for w in self.watchers],
                best[0] if best else None,
                [keras.ops.convert_to_numpy(v) for v in variables(self.model)],
            )
        )  # fmt: skip


def variables(model: keras.Model) -> list[Any]:
    """Return all that a compiled model changes in training, random generators' states included."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]


def key_of(
    settings: Mapping[str, Any],
    images: Images,
    arrays: Sequence[np.ndarray],
    code: Sequence[Path],
) -> str:
    """Return what stands for a training: its settings, its data, the code, the library versions.

    Args:
        settings: JSON-ready values.
        images: what it is trained on; of those in a file their checksums stand for them.
        arrays: their labels, and whatever else decides what is trained on.
        code: files and folders of Python files.
    """
    digest = hashlib.sha256()
    versions = {"keras": keras.__version__, "backend": keras.backend.backend()}
    digest.update(json.dumps([settings, versions], sort_keys=True).encode())
    digest.update(fingerprint(images))
    for array in arrays:
        digest.update(str((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).data)
    for path in code:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Return a number as Python's own, which JSON gives back to the last bit."""
    return value.item() if hasattr(value, "item") else value
