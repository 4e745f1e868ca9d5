"""A trained cell at hand: its network and dataset, what was measured, photos as it sees them.

`heatproof.api` opens one.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heatproof.attribution.core.method import LAYERS, unserved
from heatproof.concepts import pictures as concept_pictures
from heatproof.concepts.layers import chosen_layers
from heatproof.concepts.named import classes_of, sought
from heatproof.config import params
from heatproof.datasets import ink, likeness, photos
from heatproof.evaluation.cross_validation import all_remarks, over_folds
from heatproof.evaluation.few_images import by_images_per_class
from heatproof.evaluation.remarks import NEEDED
from heatproof.opening import OpenModel, pixels_of
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset
from heatproof.trust import verdict
from heatproof.trust.verdict import CellVerdict


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TrainedCell(OpenModel):
    """A cell's network with its trained weights, its dataset, and every method that draws maps.

    name: of the cell. folder: of its study. study: the parameters. dataset: images, labels and
    class names. Methods have the options that params.yaml gives them.
    """

    name: str
    folder: Path
    study: params.Params
    dataset: Dataset

    @property
    def accuracy(self) -> dict[str, Any]:
        """What was measured on the test images (data/metrics/evaluate); empty where nothing was.

        Raises:
            UserError: the file is damaged, or older than the code.
        """
        if not (self.folder / paths.metrics("evaluate", self.name)).exists():
            return {}
        return artifacts.read_metrics("evaluate", self.name, NEEDED, self.folder)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is wrong with the network at first sight, in sentences; none where not evaluated.

        It always predicts the same class, never predicts some, or is no better than always
        predicting the majority class: then its maps may show nothing. Or it seems better on few
        test images, and cross-validation does not confirm it. Or a saved network is probably read
        otherwise than it was meant.

        Raises:
            UserError: a file of metrics is damaged, or older than the code.
        """
        evaluated = self.accuracy
        folds = over_folds(self.study, self.name, self.folder) if evaluated else None
        opened = (self.folder / paths.metrics("open", self.name)).exists()
        return (
            *(artifacts.read_metrics("open", self.name, ("remarks",), self.folder)["remarks"]
              if opened else ()),
            *all_remarks(evaluated, folds),
        )  # fmt: skip

    @property
    def few_images(self) -> dict[str, Any]:
        """How accurate networks are that were trained on few images of each class, and on all.

        What `heatproof.evaluation.few_images.by_images_per_class` returns; empty where no such run
        is evaluated.

        Raises:
            UserError: a file of metrics is damaged, or older than the code.
        """
        return by_images_per_class(self.study, self.name, self.folder) or {}

    @cached_property
    def verdict(self) -> CellVerdict | None:
        """Which methods to use for this network, use with care, or not use, each with a reason.

        As on its page in the report. None where its maps are not assessed, or where it is no better
        than always predicting the same class. Printed, it is a line for each method.

        Raises:
            UserError: a file of metrics is damaged, or older than the code.
        """
        return verdict.read(self.study, self.name, self.folder)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """What was black and white in training images of more than 8 bits, if there were."""
        values = self.dataset.value_range
        return None if values is None else (float(values[0]), float(values[1]))

    @cached_property
    def usual(self) -> likeness.Usual:
        """What the training images are like."""
        return likeness.usual(self.dataset.train_images)

    def concept(
        self, pictures: np.ndarray, counterparts: np.ndarray | None = None
    ) -> dict[str, dict[str, Any]]:
        """Test whether the network uses a concept that pictures show (TCAV, arXiv:1711.11279).

        As `explain_concepts` of params.yaml says. p are corrected for all layers and classes here.

        Args:
            pictures: uint8, or float in [0, 1], (m, height, width, channels), at least 10.
            counterparts: such pictures without the concept; if None training images.

        Returns:
            layer -> `accuracy` on held-out pictures, whether the concept is `there`, whether
            pictures are `enough` and units `testable` for anything to be found, and of the
            `classes` the score, the mean derivative, how far it is from those of random directions
            (`times_random`), and whether it is `found`: see
            `heatproof.concepts`.

        Raises:
            UserError: the pictures are too few or of another size, or the network's layers cannot
                be seen.
        """
        if reason := unserved(LAYERS, self.network.opaque):
            raise UserError(f"{self.name}: no concepts: {reason}")
        options, shape = self.study.explain_concepts, self.network.image_shape
        others = None if counterparts is None else pixels_of(counterparts, shape)
        given = concept_pictures.given(pixels_of(pictures, shape), others, self.dataset, options)
        layers = chosen_layers(self.network.model, options.layers, "explain_concepts.layers")
        classes = classes_of(self.dataset, options)
        found = sought(self.network, layers, {"given": given}, classes, options, self.study.seed)
        return found.metrics["given"]

    def test_images(self, *indices: int) -> tuple[np.ndarray, np.ndarray]:
        """Return test images and their labels, int64 (n,), by their places in the test set."""
        chosen = list(indices)
        images = self.dataset.test_images[chosen].astype(np.float32) / 255
        return images, self.dataset.test_labels[chosen]

    def view(
        self,
        picture: Image.Image,
        *,
        fit: str | None = None,
        invert: bool = False,
        levels: bool = False,
        as_is: bool = False,
    ) -> photos.View:
        """Return a picture as the network sees it.

        A digit drawn or photographed anywhere on paper is cut out, inverted and centred where the
        training images are like that: grey, on a plain ground, their subject in the middle. This is
        left out where one of the other arguments says what is to be done.

        Args:
            picture: decoded, of any size.
            fit: how another shape is brought to the network's, one of `photos.FITS`; if None as
                training images were: squashed where the dataset's source brings images to a `size`,
                [height, width], padded where they have a plain ground, else cut to their middle.
            invert: invert brightness.
            levels: make the ground black and the brightest white.
            as_is: neither cut out, nor invert, nor centre, whatever training images are like.
        """
        shape, placement = self.network.image_shape, self.usual.placement
        if placement and not (as_is or fit or invert or levels):
            found = ink.view(picture, shape, placement)
            if found:
                return found
        return photos.view(picture, shape, photos.Preparation(fit or self._fit, invert, levels))

    @property
    def _fit(self) -> str:
        dataset = self.study.datasets[self.study.cell(self.name).dataset]
        return likeness.usual_fit(self.usual, dataset.fetch)

    def photo(self, path: str | Path, **preparation: Any) -> np.ndarray:
        """Return an image file of any size as one image, float32 (1, height, width, channels).

        Args:
            path: of the file.
            preparation: `fit`, `invert`, `levels`, `as_is`, as `view` takes them.

        Raises:
            UserError: there is no such file, or it is no image that can be read.
        """
        pixels = self.view(photos.read(Path(path), self.value_range), **preparation).pixels
        return pixels[None].astype(np.float32) / 255
