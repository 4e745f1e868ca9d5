"""`make adopt FROM=folder`: take in cells that were trained elsewhere, as on a GPU.

The folder is what `python -m bench.gpu --out` wrote. Nothing is taken in before all of it was
checked: checksums, that it was trained with the parameters, the code and the data that are here,
that the weights fit the networks. Then the files are put where DVC expects them, and `dvc commit`
records them, so that `dvc repro` trains nothing and goes on with evaluating.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.adopt", uses="keras")

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from heatproof.config import params
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, atomic, paths, weights
from tools import parcel, pipeline, repair
from tools.parcel import Parcel
from tools.run_lock import alone


def adopt(folder: Path, chosen: Sequence[str] = ()) -> list[str]:
    """Take in the cells of `folder`, or those of them that are named; return which they were.

    Runs in the repository's folder. Cells that are recorded already are taken in again.

    Raises:
        UserError: there is nothing to adopt, a file is missing or damaged, a cell is unknown, or
            was trained with something else than is here. Then nothing was changed.
    """
    if not folder.is_dir():
        raise UserError(f"FROM={folder}: there is no such folder")
    study = params.load()
    cells = list(chosen) or parcel.cells_in(folder)
    for cell in cells:
        study.cell(cell)
    parcels = [parcel.read(folder, cell) for cell in cells]
    datasets = sorted({study.cell(cell).dataset for cell in cells})
    _dvc("--wait-for-lock", "repro", "fingerprint", *(f"preprocess@{name}" for name in datasets))
    differing = [line for each in parcels for line in _differing(study, each)]
    if differing:
        raise UserError(
            f"{folder}: not trained with what is here; check out the commit and set the budget "
            "that it was trained with, or train again:\n       " + "\n       ".join(differing)
        )
    runtime.configure(study.threads, study.seed)
    for each in parcels:
        _check_weights(study, each)
    for each in parcels:
        _put(each)
    _dvc("--wait-for-lock", "commit", "--force", *(f"train@{cell}" for cell in cells))
    return cells


def _differing(study: params.Params, found: Parcel) -> list[str]:
    cell = found.manifest.cell
    lines = parcel.differences(found.manifest.basis, parcel.basis(study, cell))
    return [f"{cell}: {line}" for line in lines]


def _check_weights(study: params.Params, found: Parcel) -> None:
    """Refuse weights that do not load into the cell's network."""
    from heatproof.models.build import build_model

    cell = found.manifest.cell
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    model = build_model(study, cell, dataset.train_images.shape[1:], len(dataset.class_names))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{cell}.weights.h5"
        path.write_bytes(found.weights)
        weights.read(path, model, "bring the parcel anew, or train the cell again")


def _put(found: Parcel) -> None:
    said = found.manifest
    atomic.write_bytes(paths.weights(said.cell), found.weights)
    atomic.write_bytes(paths.history(said.cell), found.history)
    artifacts.write_metrics("train", said.cell, said.metrics)
    artifacts.write_timing("train", said.cell, said.timing, ran_on=said.run)


def _dvc(*words: str) -> None:
    sys.stdout.flush()
    ended = pipeline.run(*words)
    if ended.interrupted:
        raise KeyboardInterrupt
    if ended.code:
        raise UserError(f"`dvc {' '.join(words)}` failed, see above; nothing was adopted")


def main() -> None:
    """Adopt the folder named on the command line, and say what came of it."""
    parser = argparse.ArgumentParser(prog="make adopt", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="what bench.gpu --out wrote")
    parser.add_argument("cells", nargs="*", help="only these cells of it")
    arguments = parser.parse_args()
    if arguments.folder is None:
        raise UserError("which folder? make adopt FROM=folder, which `python -m bench.gpu` wrote")
    here = Path.cwd()
    if not (here / ".dvc").is_dir():
        raise UserError(f"{here}: no DVC repository: run this in the study's folder")
    with alone(here, f"make adopt FROM={arguments.folder}"):
        repair.mend(here)
        adopted = adopt(arguments.folder, arguments.cells)
    for cell in adopted:
        ran = artifacts.read_run("train", cell) or {}
        accuracy = artifacts.read_metrics("train", cell)["val_accuracy"]
        on = ", ".join(ran.get("gpus") or ()) or ran.get("cpu") or "an unknown machine"
        print(
            f"{cell}: validation accuracy {accuracy:.4f}, trained by {ran.get('backend')} on {on}"
        )
    print(f"adopted {', '.join(adopted)}: `make repro` evaluates without training again")
