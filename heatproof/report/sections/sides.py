"""One side of a comparison: what a study came to, read from its folder.

Read file by file and without the schema of params.yaml, so that a study of another version is
compared as far as its files can be read.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.params import PARAMS
from heatproof.config.yaml_file import read_yaml
from heatproof.report.sections.outcomes import FIGURES, Outcome
from heatproof.run.errors import UserError
from heatproof.run.tracking import flattened
from heatproof.storage import artifacts, paths
from heatproof.storage.formats import read_object
from heatproof.storage.records import Explanations, Predictions
from heatproof.trust import verdict
from heatproof.trust.verdict import CellVerdict

# What is read of an evaluation beside the figures that are shown.
_MORE = ("accuracy_low", "accuracy_high", "majority_accuracy", "test_images")
_LARGEST = 1e300  # of a figure


@dataclass(frozen=True)
class CellSide:
    """What one side has of a cell: as far as it is there, and `missing`, the rest in words.

    figures: as `FIGURES` names them, with the accuracy's interval. test_set: equal where the test
    images are the same; empty where that is not known.
    """

    name: str
    model: str
    dataset: str
    folder: Path
    figures: dict[str, Any] = field(default_factory=dict)
    predictions: Predictions | None = None
    test_set: str = ""
    verdict: CellVerdict | None = None
    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

    def maps(self) -> tuple[Explanations | None, str]:
        """Read the maps of all families that are there; or say why there are none."""
        families = [
            family
            for family in STAGE_FAMILIES
            if (self.folder / paths.explanations(self.name, family)).exists()
        ]
        if not families:
            return None, "there are none"
        try:
            return artifacts.read_maps(self.name, families, self.folder), ""
        except UserError as error:
            return None, _without(self.folder, error)


@dataclass(frozen=True)
class Side:
    """A study as it is compared: what the user calls it, what that is, and what it came to.

    remedy: how what is missing can be had, in a sentence. ran_on: which code and libraries, by
    name, one of its trainings says it ran on.
    """

    name: str
    about: str
    outcome: Outcome
    cells: dict[str, CellSide]
    remedy: str
    ran_on: dict[str, str] = field(default_factory=dict)


def read(folder: Path, name: str, about: str, remedy: str) -> Side:
    """Read a study from its folder, or from one with links to its files.

    Raises:
        UserError: the folder is no study, or its params.yaml is not valid YAML or has no cells.
    """
    if not (folder / PARAMS).exists():
        raise UserError(
            f"{name}: this is not a study, it has no {PARAMS}; name a study's folder, a DVC "
            "experiment or a revision of git"
        )
    content = read_yaml(Path(name) / PARAMS, folder / PARAMS)
    listed = content.get("cells") if isinstance(content, Mapping) else None
    if not isinstance(listed, Mapping) or not listed:
        raise UserError(f"{name}: {PARAMS} lists no cells: there is nothing to compare")
    shuffled = content.get("shuffled")
    shuffled = shuffled if isinstance(shuffled, Mapping) else {}
    digest = cache(lambda dataset: _digest(folder / paths.processed(dataset)))
    cells = {
        str(cell): _Reader(folder, str(cell), digest).cell(entry, cell in shuffled)
        for cell, entry in listed.items()
        if isinstance(entry, Mapping)
    }
    figures = {cell: each.figures for cell, each in cells.items() if each.figures}
    outcome = Outcome(name, params=flattened(content), figures=figures)
    return Side(name, about, outcome, cells, remedy, _ran_on(folder, cells))


class _Reader:
    """Reads the files of a cell, and remembers what is missing or damaged."""

    def __init__(self, folder: Path, cell: str, digest: Callable[[str], str]) -> None:
        self._folder, self._cell, self._digest = folder, cell, digest
        self._missing: list[str] = []
        self._damaged: list[str] = []

    def cell(self, entry: Mapping[str, Any], shuffled: bool) -> CellSide:
        name, folder = self._cell, self._folder
        dataset = str(entry.get("dataset", ""))
        figures = self._figures()
        predictions = self._read(
            "predictions", paths.predictions(name), artifacts.read_predictions, name, folder
        )
        judged = self._verdict(shuffled)
        if not any((folder / paths.explanations(name, f)).exists() for f in STAGE_FAMILIES):
            self._missing.append("maps")
        return CellSide(
            name, str(entry.get("model", "")), dataset, folder, figures, predictions,
            self._digest(dataset), judged,
            tuple(self._missing), tuple(self._damaged),
        )  # fmt: skip

    def _figures(self) -> dict[str, Any]:
        name, folder = self._cell, self._folder
        found = self._read(
            "metrics", paths.metrics("evaluate", name), artifacts.read_metrics, "evaluate", name,
            (), folder,
        )  # fmt: skip
        if not found and (folder / paths.headline("evaluate", name)).exists():
            with suppress(UserError):  # git has the headline where DVC's cache has nothing
                found = read_object(folder / paths.headline("evaluate", name), f"evaluate@{name}")
        found = found or {}
        figures = {n: found[n] for n in (*FIGURES, *_MORE) if _is_number(found.get(n))}
        with suppress(UserError):
            timing = artifacts.read_timing("train", name, folder)
            figures |= {n: timing[n] for n in timing if n in FIGURES and _is_number(timing[n])}
        return figures if "accuracy" in figures else {}

    def _verdict(self, shuffled: bool) -> CellVerdict | None:
        name, folder = self._cell, self._folder
        if not (folder / paths.metrics("assess", name)).exists():
            self._missing.append("verdicts")
            return None
        try:
            return verdict.read_cell(name, shuffled, folder)
        except (UserError, KeyError, TypeError) as error:
            self._tell(error, "verdicts")
            return None

    def _read(self, what: str, path: Path, reader: Any, *words: Any) -> Any:
        if not (self._folder / path).exists():
            self._missing.append(what)
            return None
        try:
            return reader(*words)
        except UserError as error:
            self._tell(error, what)
            return None

    def _tell(self, error: Exception, what: str) -> None:
        if isinstance(error, UserError):
            self._damaged.append(_without(self._folder, error))
        else:  # written by another version, sealed and whole
            self._damaged.append(f"{what}: written by a version whose files are not read here")


def _is_number(value: object) -> bool:
    """Whether a figure is one: a headline, which is not sealed, may have anything."""
    return isinstance(value, int | float) and abs(value) < _LARGEST


def _without(folder: Path, error: UserError) -> str:
    """Return an error's words without the folder, which may be a temporary one."""
    return str(error).replace(f"{folder}/", "")


def _digest(path: Path) -> str:
    """Return what a prepared dataset is known by; empty where it is not there."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:  # it may be larger than memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ran_on(folder: Path, cells: Mapping[str, CellSide]) -> dict[str, str]:
    """Return the code and the libraries of the first training or evaluation that says."""
    for stage in ("train", "evaluate"):
        for cell in cells:
            with suppress(UserError):
                if run := artifacts.read_run(stage, cell, folder):
                    return {"python": str(run.get("python"))} | {
                        str(n): str(v) for n, v in dict(run.get("libraries") or {}).items()
                    }
    return {}
