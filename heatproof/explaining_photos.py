"""Photos of the user's own, explained by a trained cell: what the command and the app share.

Both show a photo to the network, apply methods one after the other and render the same page: with
the same photo, network, class and methods the two pages are the same to the byte.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.datasets import likeness, photos
from heatproof.report.charts.sheet import Picture
from heatproof.report.pages import image_page
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.storage import artifacts
from heatproof.storage.folders import file_name
from heatproof.trained_cell import TrainedCell

LONGEST_NAME = 40  # letters; with the cell's name it must still be a file name


def shown(
    trained: TrainedCell,
    name: str,
    picture: Image.Image,
    target: str | int | None,
    how: dict[str, Any],
) -> image_page.Photo:
    """Show a photo to the network: its prediction, and what makes that doubtful.

    Args:
        trained: whose network.
        name: of the photo's file, for readers.
        picture: decoded, of any size.
        target: the class to explain, by name or index; None for the most probable.
        how: `fit`, `invert`, `levels`, `as_is`, as `TrainedCell.view` takes them.

    Raises:
        UserError: there is no such class.
    """
    view = trained.view(picture, **how)
    preview = photos.preview(picture, view.inverted)
    [probabilities] = trained.predict(view.pixels[None].astype(np.float32) / 255)
    return image_page.Photo(
        name=name,
        preview=preview,
        box=view.box,
        seen=view.pixels,
        handling=view.handling,
        warnings=likeness.differences(
            view.pixels, preview, picture.size, trained.usual, view.inverted
        ),
        probabilities=probabilities,
        target=int(probabilities.argmax()) if target is None else trained.class_index(target),
    )


@dataclass
class ExplainedPhotos:
    """Photos that a trained cell explains, with the maps there are so far.

    trained: the cell. photos: at least one. chosen: whether the user chose the explained class.
    unsupported: method -> why it does not support the network. engines: method -> the library that
    computed it.
    """

    trained: TrainedCell
    photos: Sequence[image_page.Photo]
    chosen: bool
    unsupported: dict[str, str] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)

    def explain(self, names: Sequence[str]) -> Iterator[tuple[str, Attribution | None]]:
        """Put each method's maps into the photos; yield its name and them, None if unsupported."""
        images = np.stack([photo.seen for photo in self.photos]).astype(np.float32) / 255
        targets = np.array([photo.target for photo in self.photos])
        for name, result in self.trained.explain_all(names, images, targets):
            if isinstance(result, UnsupportedNetwork):
                self.unsupported[name] = str(result)
                yield name, None
                continue
            if result.engine:
                self.engines[name] = result.engine
            for row, photo in enumerate(self.photos):
                photo.maps[name] = result.maps[row]
                photo.own[name] = {n: float(v[row]) for n, v in result.numbers.items()}
            yield name, result

    def page(self) -> str:
        """Render the page as HTML."""
        with methods.computed_by(self.engines):
            return image_page.page(self._subject, self.photos)

    def panel(self) -> Picture:
        """Draw all photos and their maps as one PNG."""
        with methods.computed_by(self.engines):
            return image_page.panel(self._subject, self.photos)

    @property
    def file_name(self) -> str:
        """The page's file name, without a folder."""
        stem = _stem([photo.name for photo in self.photos])
        return f"{stem}-{file_name(self.trained.name)}.html"

    @property
    def _subject(self) -> image_page.Subject:
        trained = self.trained
        cell = trained.study.cell(trained.name)
        accuracy, measured = None, trained.accuracy
        if measured:
            accuracy = measured["accuracy"], measured["test_images"], measured["majority_accuracy"]
        return image_page.Subject(
            trained.name,
            cell.model,
            cell.dataset,
            trained.class_names,
            accuracy,
            self.unsupported,
            self.chosen,
            trained.remarks,
            trained.verdict,
            trained.name in trained.study.saved,
        )


def measured_seconds(trained: TrainedCell, names: Iterable[str]) -> dict[str, float]:
    """Return how long methods took per image where the study was run, as far as it is known."""
    wanted = set(names)
    measured: dict[str, float] = {}
    for family, explainers in trained.families.items():
        if not explainers.keys().isdisjoint(wanted):
            measured |= artifacts.read_timing(f"explain_{family}", trained.name, trained.folder)
    each = {name: measured.get(f"{name}_ms_per_image") for name in wanted}
    return {name: ms / 1000 for name, ms in each.items() if numbers.known(ms)}


def _stem(names: Sequence[str]) -> str:
    """A plain file name that tells which photos it is about, whatever theirs is."""
    given = PurePosixPath(names[0]).stem
    name = re.sub(r"[^\w.()+ -]", "_", given)[:LONGEST_NAME].lstrip(".") or "photo"
    if name != given:  # two names must not become one
        name += f"-{hashlib.sha256(os.fsencode(given)).hexdigest()[:8]}"
    return name if len(names) == 1 else f"{name}-and-{len(names) - 1}-more"
