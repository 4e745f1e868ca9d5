"""A trained cell as files to carry from one machine to another: small, each with its checksum.

`bench.gpu` writes them, `tools.adopt` takes them in. <cell>.parcel.json says what the others are
and what the training rests on; <cell>.history.csv is the history; <cell>.weights.h5.00, .01, ...
are the weights, cut into parts of at most 16 MB, which mail, chat and most upload forms take.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from heatproof.config import params
from heatproof.config.schema import Block
from heatproof.config.validation import validated
from heatproof.run import provenance, tracking
from heatproof.run.errors import UserError
from heatproof.storage import atomic, paths
from heatproof.storage.formats import read_json, sha256_of, write_json
from stages import fingerprint

LARGEST_PART = 16_000_000  # bytes
ENDING = ".parcel.json"

Checksum = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Basis(Block):
    """What decides a training: parameters by dotted key, modules by file, the data's SHA-256.

    A parameter's value is JSON text, which keeps all digits.
    """

    parameters: dict[str, str]
    code: dict[str, Checksum]
    data: Checksum


class Manifest(Block):
    """What <cell>.parcel.json says.

    metrics, timing: of metrics/train and metrics/timing/train. run: what it ran on. measured: what
    the bench printed. weights: of the whole file; parts: of each part of it.
    """

    format: Literal[1]
    cell: str
    basis: Basis
    metrics: dict[str, float | int | None]
    timing: dict[str, float | int]
    run: dict[str, Any]
    measured: dict[str, float | str | None]
    history: Checksum
    weights: Checksum
    parts: Annotated[list[Checksum], Field(min_length=1, max_length=10_000)]


@dataclass(frozen=True)
class Parcel:
    """A parcel whose checksums are right: what it says, and the bytes of its two files."""

    manifest: Manifest
    history: bytes
    weights: bytes


def basis(study: params.Params, cell: str) -> Basis:
    """Return what a cell's training rests on in this checkout: what `train` depends on in dvc.yaml.

    Raises:
        UserError: the cell is unknown, or its prepared data are missing.
    """
    model, dataset = study.model_of(cell), study.dataset_of(cell)
    data = paths.processed(study.cell(cell).dataset)
    if not data.exists():
        raise UserError(
            f"{data}: there is no such file; make it with `dvc repro "
            f"preprocess@{study.cell(cell).dataset}`, or copy it from where it was made"
        )
    parameters = {
        "seed": study.seed,
        "threads": study.threads,
        "normalisation": dataset.normalisation,
        "augmentation": dataset.augmentation,
        "architecture": model.architecture,
        "network": model.network,
        "training": study.training_of(cell),
        "schedule": study.schedule_of(cell),
    }
    lists = fingerprint.entries()
    modules = lists["train"] | lists[f"models/{model.architecture}"]
    code = {
        path.relative_to(fingerprint.ROOT).as_posix(): fingerprint.digest(path)
        for path in fingerprint.files(modules)
    }
    flat = {key: json.dumps(value) for key, value in tracking.flattened(parameters).items()}
    return Basis(parameters=flat, code=code, data=sha256_of(data))


def differences(theirs: Basis, ours: Basis) -> list[str]:
    """Say, a line each, in what two bases differ: parameters, code, data."""
    found = []
    for key in sorted(theirs.parameters.keys() | ours.parameters.keys()):
        there, here = (basis.parameters.get(key, "nothing") for basis in (theirs, ours))
        if there != here:
            found.append(f"{key} was {there}, params.yaml has {here}")
    changed = sorted(
        path
        for path in theirs.code.keys() | ours.code.keys()
        if theirs.code.get(path) != ours.code.get(path)
    )
    if changed:
        found.append(f"other code: {', '.join(changed)}")
    if theirs.data != ours.data:
        found.append("other prepared data: data/processed was not the same file")
    return found


def write(
    folder: Path,
    cell: str,
    rests_on: Basis,
    weights: bytes,
    history: bytes,
    metrics: dict[str, Any],
    timing: dict[str, float],
    measured: dict[str, float | str | None],
) -> Manifest:
    """Write a cell's parcel, its manifest last: where that is, the parcel is complete."""
    parts = [weights[i : i + LARGEST_PART] for i in range(0, len(weights), LARGEST_PART)]
    for path, part in zip(_part_paths(folder, cell, len(parts)), parts, strict=True):
        atomic.write_bytes(path, part)
    atomic.write_bytes(_history_path(folder, cell), history)
    manifest = Manifest(
        format=1, cell=cell, basis=rests_on, metrics=metrics, timing=timing, measured=measured,
        run=provenance.run(), history=_sum(history), weights=_sum(weights),
        parts=[_sum(part) for part in parts],
    )  # fmt: skip
    write_json(folder / f"{cell}{ENDING}", manifest.model_dump(mode="json"))
    return manifest


def manifest_of(folder: Path, cell: str) -> Manifest | None:
    """Return what a cell's manifest says, None if there is none. Raises UserError if damaged."""
    path = folder / f"{cell}{ENDING}"
    if not path.exists():
        return None
    manifest = validated(path, "", Manifest, _mapping(path))
    if manifest.cell != cell:
        raise UserError(
            f"{path}: says it is of {manifest.cell!r}: rename the file, or bring it anew"
        )
    return manifest


def cells_in(folder: Path) -> list[str]:
    """Return the cells of which there are parcels. Raises UserError if there are none."""
    found = sorted(path.name.removesuffix(ENDING) for path in folder.glob(f"*{ENDING}"))
    if not found:
        raise UserError(
            f"{folder}: no trained cells (*{ENDING}) in it; name the folder that "
            "`python -m bench.gpu --out` wrote"
        )
    return found


def read(folder: Path, cell: str) -> Parcel:
    """Read a cell's parcel and join its parts.

    Raises:
        UserError: a file is missing or damaged; which one, and what to do.
    """
    manifest = manifest_of(folder, cell)
    if manifest is None:
        raise UserError(f"{folder / cell}{ENDING}: there is no such file; bring it")
    paths = _part_paths(folder, cell, len(manifest.parts))
    parts = [_checked(path, sum_) for path, sum_ in zip(paths, manifest.parts, strict=True)]
    weights = b"".join(parts)
    if _sum(weights) != manifest.weights:
        raise UserError(
            f"{folder / cell}{ENDING}: its parts are as it says, but not what they make together; "
            "it was altered, bring it anew"
        )
    return Parcel(manifest, _checked(_history_path(folder, cell), manifest.history), weights)


def _mapping(path: Path) -> Any:
    try:
        content = read_json(path, "")
    except UserError as error:
        raise UserError(f"{path}: not valid JSON: it is damaged; bring it anew") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: not what `python -m bench.gpu` writes; bring it anew")
    return content


def _part_paths(folder: Path, cell: str, count: int) -> Iterator[Path]:
    return (folder / f"{cell}.weights.h5.{number:02}" for number in range(count))


def _history_path(folder: Path, cell: str) -> Path:
    return folder / f"{cell}.history.csv"


def _checked(path: Path, checksum: str) -> bytes:
    if not path.exists():
        raise UserError(
            f"{path}: there is no such file, and it belongs to the parcel; bring it too"
        )
    content = path.read_bytes()
    if _sum(content) != checksum:
        raise UserError(
            f"{path}: damaged ({len(content):,} bytes with another checksum than the parcel says); "
            "bring it anew"
        )
    return content


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
