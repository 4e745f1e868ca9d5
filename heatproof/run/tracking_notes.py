"""What a stage notes of its MLflow run, in files that another process reads (`tracking_sender`)."""

import fcntl
import json
import numbers
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from heatproof.run.lettering import drawable
from heatproof.run.tracking_models import MODEL
from heatproof.run.tracking_sender import FILES, NOTES, warn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Run:
    """One MLflow run; every method is a no-operation where tracking is off.

    It is a folder within `notes`, with a line of JSON for each thing that is logged.
    """

    def __init__(self, notes: str, first: Mapping[str, object]) -> None:
        self._notes, self._first = notes, first
        self._folder = Path()
        self._file: IO[str] | None = None

    @property
    def is_tracked(self) -> bool:
        """Whether anything is noted: what is made for it alone need not be made otherwise."""
        return bool(self._notes)

    def log_metrics(self, values: Mapping[str, object], step: int = 0) -> None:
        """Log numbers, for example an epoch's.

        Args:
            values: name -> number. What is no number (names, tables, None) is left out: it belongs
                into an artifact.
            step: the epoch, from 1, or 0 for final values.
        """
        self._note(lambda: {"metrics": _numbers(values), "step": step})

    def log_results(self, results: Mapping[str, object], file: Path) -> None:
        """Log what a stage came to: single numbers as metrics, all of it as metrics.json.

        What it has of each filter, method or class is in the artifact alone: as metrics it would be
        hundreds of charts.

        Args:
            results: name -> number, or anything else.
            file: what the stage wrote of all of them.
        """
        self.log_metrics(results)
        self.log_artifact(file, "metrics.json")

    def log_headline(self, values: Mapping[str, object]) -> None:
        """Log numbers to the cell's own run, where those of all its stages are together."""
        self._note(lambda: {"headline": _numbers(values)})

    def log_model(
        self, write: Callable[[Path], object], shape: Sequence[int], classes: int
    ) -> None:
        """Log a trained network, and register it as a new version of the cell's model.

        Args:
            write: called where the run is tracked: it writes the network as a .keras file.
            shape: height, width and channels of an image.
            classes: how many logits it gives.
        """

        def make() -> dict[str, object]:
            path = self._folder / FILES / MODEL
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            import keras

            return {
                "model": {
                    "cell": self._first["cell"],
                    "shape": list(shape),
                    "classes": classes,
                    "keras": keras.__version__,
                    "backend": keras.backend.backend(),
                }
            }

        self._note(make)

    def log_figure(self, figure: "Figure | Callable[[], Figure]", name: str) -> None:
        """Log a matplotlib figure under `name`, such as "confusion.png", and the run's own name.

        A function is called for its figure where the run is tracked, and nowhere else.
        """

        stem, of = Path(name).stem, str(self._first.get("begin", "")).partition(" ")[2]

        def draw(path: Path) -> None:
            made = figure() if callable(figure) else figure
            if drawable([of]) == [of]:
                title = f"{stem.replace('_', ' ').capitalize()} of {of}"
                made.suptitle(title, fontsize=9, parse_math=False)
            made.savefig(path)

        own = re.sub(r"[^\w.-]", "_", of)
        self._log_file(f"figures/{stem}-{own}{Path(name).suffix}", draw)

    def log_artifact(self, path: str | Path, name: str = "") -> None:
        """Log a file as it is, under its own name if no other is given."""
        self._log_file(name or Path(path).name, lambda copy: shutil.copyfile(path, copy))

    def _log_file(self, name: str, write: Callable[[Path], object]) -> None:
        def make() -> dict[str, object]:
            path = self._folder / FILES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            return {"file": name}

        self._note(make)

    def _end(self, status: str) -> None:
        """Note how the run ended; one that Ctrl-C broke off before it logged leaves no trace."""
        if status != "KILLED" or self._file:
            self._note(lambda: {"end": status})
        if self._file:
            self._file.close()

    def _note(self, make: Callable[[], Mapping[str, object]]) -> None:
        if not self._notes:
            return
        try:
            if self._file is None:
                self._file = self._begin()
            self._file.write(_line(make()))
            self._file.flush()
        # A side channel: whatever goes wrong in it, the run it watches must not notice.
        except Exception as error:
            if Path(self._notes).exists():  # else the sender has given up, and said so
                warn(error)
            self._notes = ""

    def _begin(self) -> IO[str]:
        """Make the run's folder, seen by the sender when its lock is held: it ends with us."""
        unseen = Path(tempfile.mkdtemp(prefix=".run-", dir=self._notes))
        file = open(unseen / NOTES, "w", encoding="utf-8")  # noqa: SIM115 (closed in `_end`)
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(_line(self._first))
        self._folder = unseen.rename(unseen.with_name(unseen.name[1:]))
        return file


def _line(note: Mapping[str, object]) -> str:
    return json.dumps({"time": now()} | dict(note)) + "\n"


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, numbers.Real) and not isinstance(value, bool)
    }


def now() -> int:
    """Return the time as MLflow has it, in milliseconds."""
    return int(time.time() * 1000)
