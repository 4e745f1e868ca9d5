"""A trained cell at hand: the public way to explain images outside the pipeline.

    from heatproof import api

    cell = api.open_cell("simple_cnn-mnist", study=api.find_study())
    images, labels = cell.test_images(7)
    targets = cell.predict(images).argmax(axis=1)
    api.show(images, gradcam=cell.explain("gradcam", images, targets))

`python -m heatproof.explain_image` and notebooks/explore.ipynb are made of this. A study is a
folder with params.yaml, data/ and metrics/: the current one where none is named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution, Context, Explainer, UnsupportedNetwork
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.datasets import likeness, photos
from heatproof.evaluation.remarks import remarks
from heatproof.report.charts import sheet
from heatproof.report.charts.sheet import Picture
from heatproof.report.text import methods as descriptions
from heatproof.run import runtime
from heatproof.run.errors import UserError, nearest
from heatproof.statistics.softmax import softmax
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network

ROOT = Path(__file__).resolve().parents[1]
DEMO = Path("demo")
SHOWN_CLASSES = 30
# What metrics of the evaluation must have.
_ACCURACY = ("accuracy", "accuracy_low", "accuracy_high", "majority_class", "majority_accuracy",
             "test_images", "per_class")  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class TrainedCell:
    """A cell's network with its trained weights, its dataset, and every method that draws maps.

    name: of the cell. folder: of its study. study: the parameters. dataset: images, labels and
    class names. network: what methods take. Images are float32 (n, height, width, channels) in
    [0, 1] everywhere, targets int64 (n,), class indices.
    """

    name: str
    folder: Path
    study: params.Params
    dataset: Dataset
    network: "Network"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names, in the order of the logits."""
        return self.dataset.class_names

    @cached_property
    def families(self) -> dict[str, dict[str, Explainer]]:
        """Stage family -> name -> method, each with the options that params.yaml gives it."""
        context = Context(self.dataset.train_images, self.study.seed)
        return {
            family: registry.with_options(getattr(self.study.explain, family), context)
            for family in STAGE_FAMILIES
        }

    @property
    def accuracy(self) -> dict[str, Any]:
        """What was measured on the test images (data/metrics/evaluate); empty where nothing was.

        Raises:
            UserError: the file is damaged, or older than the code.
        """
        if not (self.folder / paths.metrics("evaluate", self.name)).exists():
            return {}
        return artifacts.read_metrics("evaluate", self.name, _ACCURACY, self.folder)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is wrong with the network at first sight, in sentences; none where not evaluated.

        It always predicts the same class, never predicts some, or is no better than always
        predicting the majority class: then its maps may show nothing.
        """
        return remarks(self.accuracy) if self.accuracy else ()

    @property
    def value_range(self) -> tuple[float, float] | None:
        """What was black and white in training images of more than 8 bits, if there were."""
        values = self.dataset.value_range
        return None if values is None else (float(values[0]), float(values[1]))

    @property
    def methods(self) -> dict[str, Explainer]:
        """Name -> method, of all families."""
        return {name: m for family in self.families.values() for name, m in family.items()}

    @cached_property
    def usual(self) -> likeness.Usual:
        """What the training images are like."""
        return likeness.usual(self.dataset.train_images)

    def named(self, names: Sequence[str]) -> list[str]:
        """Return the methods that `names` stand for: methods, or families, which are all of theirs.

        Raises:
            UserError: there is no such method; the message has the nearest and all there are.
        """
        chosen: dict[str, None] = {}
        for name in names:
            if name not in self.methods and name not in self.families:
                known = [*self.methods, *self.families]
                raise UserError(
                    f"there is no method '{name}'{nearest(name, known)}; methods: "
                    f"{', '.join(self.methods)}; or all of a family: {', '.join(self.families)}"
                )
            chosen |= dict.fromkeys([name] if name in self.methods else self.families[name])
        return list(chosen)

    def class_index(self, wanted: str | int) -> int:
        """Return the index of a class given by its name, or by its index.

        Raises:
            UserError: there is no such class.
        """
        names = [str(name) for name in self.class_names]
        folded = [name.casefold() for name in names]
        for known, text in ((names, str(wanted)), (folded, str(wanted).casefold())):
            if not isinstance(wanted, int) and known.count(text) == 1:
                return known.index(text)
        if str(wanted).isdecimal() and int(wanted) < len(names):
            return int(wanted)
        listed = ", ".join(names[:SHOWN_CLASSES]) + (" …" if len(names) > SHOWN_CLASSES else "")
        raise UserError(
            f"there is no class '{wanted}'{nearest(wanted, names)}; known: {listed}; or an index "
            f"from 0 to {len(names) - 1}"
        )

    def test_images(self, *indices: int) -> tuple[np.ndarray, np.ndarray]:
        """Return test images and their labels, int64 (n,), by their places in the test set."""
        chosen = list(indices)
        images = self.dataset.test_images[chosen].astype(np.float32) / 255
        return images, self.dataset.test_labels[chosen]

    def preparation(
        self, fit: str | None = None, invert: bool = False, levels: bool = False
    ) -> photos.Preparation:
        """Return what is to be done to photos: fitted as training images were, if `fit` is None.

        Photos in a folder were squashed when the network was trained on them. Elsewhere the middle
        is cut out, or, where training images have a plain ground, the photo is padded with the
        colour of its border.
        """
        dataset = self.study.datasets[self.study.cell(self.name).dataset]
        if fit is None and dataset.fetch.source == "image_folder":
            fit = "squash"
        return photos.Preparation(
            fit or ("crop" if self.usual.ground == "mixed" else "pad"), invert, levels
        )

    def photo(self, path: str | Path, **preparation: Any) -> np.ndarray:
        """Return an image file of any size as one image, float32 (1, height, width, channels).

        Args:
            path: of the file.
            preparation: `fit`, `invert`, `levels`, as `preparation` takes them.

        Raises:
            UserError: there is no such file, or it is no image that can be read.
        """
        shape, how = self.network.image_shape, self.preparation(**preparation)
        pixels = photos.view(photos.read(Path(path), self.value_range), shape, how).pixels
        return pixels[None].astype(np.float32) / 255

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float64 (n, classes): the softmax of the logits."""
        return softmax(self.network.logits(images))

    def explain(self, method: str, images: np.ndarray, targets: np.ndarray) -> Attribution:
        """Return a method's maps of the images for the targets.

        Raises:
            UserError: there is no such method.
            UnsupportedNetwork: the method does not support this network.
        """
        if method not in self.methods:
            members = self.named([method])  # raises where there is no such name at all
            raise UserError(f"'{method}' is a family of methods: {', '.join(members)}")
        return self.methods[method](self.network, images, np.asarray(targets, np.int64))

    def explain_all(
        self, names: Sequence[str], images: np.ndarray, targets: np.ndarray
    ) -> Iterator[tuple[str, Attribution | UnsupportedNetwork]]:
        """Yield each method of `names` (methods or families) with its maps, or why it has none.

        Raises:
            UserError: there is no such method.
        """
        for name in self.named(names):
            try:
                yield name, self.explain(name, images, targets)
            except UnsupportedNetwork as reason:
                yield name, reason


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
    return TrainedCell(name, folder, parameters, dataset, Network(model))


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
        raise UserError(
            f"{path}: the cell '{cell}' is not trained yet; train it with "
            f"`dvc repro train@{cell}`{others}"
        )
