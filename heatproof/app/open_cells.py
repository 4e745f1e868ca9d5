"""Trained cells that are kept open between requests, as long as their files stay as they are."""

from dataclasses import replace
from pathlib import Path

from heatproof import api
from heatproof.config import params
from heatproof.storage import paths
from heatproof.trained_cell import TrainedCell

MAX_OPEN = 2  # two are compared; each takes its network's memory, and what is compiled for it

Stamp = tuple[tuple[int, int, int] | None, ...]


def stamp(*files: Path) -> Stamp:
    """Return what tells whether files were written anew; None for one that is not there."""
    return tuple(map(_of_file, files))


def _of_file(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class OpenCells:
    """The cells of a study that were used last, each opened again once it was trained again."""

    def __init__(self, folder: Path = Path()) -> None:
        """Open none yet. folder: of the study."""
        self._folder = folder
        self._open: dict[str, tuple[Stamp, TrainedCell]] = {}

    def get(self, name: str) -> TrainedCell:
        """Return a trained cell, whose metrics and verdict are read when they are asked for.

        Raises:
            UserError: as `api.open_cell`.
        """
        files = self._files(name)
        known = self._open.pop(name, None)
        if known is None or known[0] != files:
            known = files, api.open_cell(name, self._folder)
        self._open[name] = known
        while len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]
        return replace(known[1])

    def _files(self, name: str) -> Stamp:
        study = params.load(self._folder / params.PARAMS)
        dataset = study.cell(name).dataset
        files = paths.weights(name), paths.processed(dataset), paths.raw(dataset) / paths.RECORD
        return stamp(*(self._folder / path for path in (params.PARAMS, *files)))
