"""A trained cell at hand: the public way to explain images outside the pipeline.

    from heatproof import api

    cell = api.open_cell("simple_cnn-mnist", study=api.find_study())
    images, labels = cell.test_images(7)
    targets = cell.predict(images).argmax(axis=1)
    api.show(images, gradcam=cell.explain("gradcam", images, targets))

`python -m heatproof.explain_image` and notebooks/explore.ipynb are made of this. A study is a
folder with params.yaml, data/ and metrics/: the current one where none is named.
"""

from pathlib import Path

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution, Context, UnsupportedNetwork
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.opening import OpenModel, open_model
from heatproof.report.charts import sheet
from heatproof.report.charts.sheet import Picture
from heatproof.report.text import methods as descriptions
from heatproof.run import runtime
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.trained_cell import TrainedCell
from heatproof.trust.verdict import CellVerdict

__all__ = [
    "CellVerdict",
    "OpenModel",
    "TrainedCell",
    "find_study",
    "open_cell",
    "open_model",
    "show",
    "trained_cells",
]

ROOT = Path(__file__).resolve().parents[1]
DEMO = Path("demo")


def show(images: np.ndarray, **results: Attribution | UnsupportedNetwork) -> Picture:
    """Draw images, float (n, height, width, channels) in [0, 1], each with its maps in a line.

    Args:
        images: what was explained.
        results: method -> its maps of these images, or why there are none.
    """
    pixels = np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)
    rows = []
    for row, image in enumerate(pixels):
        line = [sheet.image(image, "the image")]
        for name, result in results.items():
            if not isinstance(result, Attribution):
                grey = np.full_like(image, 225)
                line.append(sheet.image(grey, descriptions.describe(name).label, str(result)))
                continue
            own = {number: float(values[row]) for number, values in result.numbers.items()}
            signed = bool((result.maps < 0).any())
            line.append(sheet.heatmap(result.maps[row], name, over=image, signed=signed, own=own))
        rows.append(line)
    return sheet.picture(rows)


def find_study(folder: str | Path | None = None) -> Path:
    """Return the folder of a study in which something is trained.

    Args:
        folder: where to look, relative to the repository; left out, the repository itself, then
            the demo's `demo`.

    Raises:
        UserError: nothing is trained there.
    """
    for place in [folder] if folder is not None else [".", DEMO]:
        path = ROOT / place
        if (path / params.PARAMS).exists() and any((path / paths.DATA / "models").glob("*.h5")):
            return path
    raise UserError(
        f"{folder or ROOT}: nothing is trained here; `make demo` trains three small networks in "
        "minutes, `dvc repro train@<cell>` one of the study"
    )


def trained_cells(study: str | Path = ".") -> list[str]:
    """List the cells of a study's folder that are trained."""
    cells = params.load(Path(study) / params.PARAMS).cells
    return [name for name in cells if (study / paths.weights(name)).exists()]


def open_cell(name: str, study: str | Path = ".") -> TrainedCell:
    """Load a trained cell from a study's folder.

    Raises:
        UserError: the cell is unknown or not trained, a file is missing or damaged, or Keras runs
            on another backend than TensorFlow.
    """
    folder = Path(study)
    parameters = params.load(folder / params.PARAMS)
    require_trained(parameters, name, folder)
    runtime.require_tensorflow("explaining")
    dataset = artifacts.read_dataset(parameters.cell(name).dataset, folder)
    runtime.configure(parameters.threads, parameters.seed)
    from heatproof.attribution.core.network import Network
    from heatproof.models.build import trained_network

    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    model = trained_network(parameters.run(name), shape, classes, folder)
    context = Context(dataset.train_images, parameters.seed, dataset.mean)
    network = Network(model)
    return TrainedCell(
        name=name,
        folder=folder,
        study=parameters,
        dataset=dataset,
        network=network,
        class_names=dataset.class_names,
        families={
            family: registry.with_options(
                registry.suiting(getattr(parameters.explain, family), network), context
            )
            for family in STAGE_FAMILIES
        },
    )


def require_trained(parameters: params.Params, cell: str, folder: Path) -> None:
    """Refuse a cell that is unknown or not trained yet, saying how to get it."""
    demo = folder / DEMO / params.PARAMS
    if cell not in parameters.cells and demo.exists() and cell in params.load(demo).cells:
        raise UserError(f"'{cell}' is a cell of the demo: add --study {DEMO}")
    parameters.cell(cell)
    path = folder / paths.weights(cell)
    if not path.exists():
        trained = trained_cells(folder)
        others = f"; trained are: {', '.join(trained)}" if trained else ""
        missing, stage = "trained yet; train", "train"
        if cell in parameters.saved:
            missing, stage = "opened yet; open", "open"
        if cell in parameters.derived:
            missing, stage = "derived yet; derive", "derive"
        raise UserError(
            f"{path}: the cell '{cell}' is not {missing} it with `dvc repro {stage}@{cell}`{others}"
        )
