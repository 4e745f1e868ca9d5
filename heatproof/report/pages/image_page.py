"""A page on the user's own photos: the network's predictions and their explanations.

The file holds everything, pictures too, so that it can be sent and opened anywhere.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from heatproof.report import rendering
from heatproof.report.charts import colours, sheet, sprites
from heatproof.report.charts.sheet import Shown
from heatproof.report.charts.sprites import address
from heatproof.report.sections.gallery import Gallery, gallery
from heatproof.report.text import methods
from heatproof.statistics import numbers
from heatproof.storage.records import Explanations
from heatproof.trust.verdict import CellVerdict

TOP = 5  # classes shown; the others are folded away
MOST = 100  # classes listed there, the most probable ones
SMALL = 100  # pixels; up to this size a photo is shown pixel by pixel


@dataclass(frozen=True)
class Photo:
    """A photo, its prediction and its maps.

    name: of the file. preview: uint8 (rows, columns, 3), the whole photo, reduced. box: left, top,
    right, bottom of the part that the network sees, as shares of the photo. seen: uint8 (height,
    width, channels), the network's input. handling: how the photo was prepared, in sentences.
    warnings: how it differs from training images. probabilities: float (classes,). target: the
    explained class. maps: method -> float32 (height, width). own: method -> name -> float, the
    method's own error.
    """

    name: str
    preview: np.ndarray
    box: tuple[float, float, float, float]
    seen: np.ndarray
    handling: str
    warnings: tuple[str, ...]
    probabilities: np.ndarray
    target: int
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    own: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def ranked(self) -> list[int]:
        """The classes, the most probable first (of equal ones, the lower number)."""
        return np.argsort(-self.probabilities, kind="stable").tolist()

    @property
    def frame(self) -> list[float]:
        """Left, top, width and height of the part that the network sees, in the preview."""
        rows, columns = self.preview.shape[:2]
        left, top, right, bottom = self.box
        place = columns * left, rows * top, columns * (right - left), rows * (bottom - top)
        return [round(value, 1) for value in place]


@dataclass(frozen=True)
class Subject:
    """The network that explains the photos.

    accuracy: on the test images, their number, and the accuracy of always predicting the majority
    class; None where not measured. unsupported: method -> why it does not support this network.
    chosen: whether the user chose the explained class. remarks: what is wrong with the network at
    first sight. verdict: which methods to use for it, where its maps were assessed. saved: whether
    it was opened from a file, not trained here; of_a_study: whether there is a study of it, with
    its settings.
    """

    cell: str
    model: str
    dataset: str
    class_names: tuple[str, ...]
    accuracy: tuple[float, int, float] | None = None
    unsupported: dict[str, str] = field(default_factory=dict)
    chosen: bool = False
    remarks: tuple[str, ...] = ()
    verdict: CellVerdict | None = None
    saved: bool = False
    of_a_study: bool = True


def page(subject: Subject, photos: Sequence[Photo]) -> str:
    """Render the page as HTML.

    Args:
        subject: the network.
        photos: at least one, all with the same methods.
    """
    drawn = _drawn(subject, photos)
    examples = sorted((*drawn.correct, *drawn.incorrect), key=lambda example: example.index)
    values = {
        "static": rendering.static("maps.css", "image.css", pictures="data:"),
        "subject": subject,
        "photos": list(zip(photos, examples, strict=True)),
        "previews": [_address(photo.preview) for photo in photos],
        "gallery": drawn,
        "sheets": [address("image/png", sprite.png()) for sprite in (drawn.images, drawn.maps)],
        "palette": colours.palette(),
        "advised": subject.verdict.methods if subject.verdict else {},
        "top": TOP,
        "most": MOST,
        "small": SMALL,
        "written": written,
        "own_numbers": [n for n in _reported(photos) if methods.number(n).meaning],
        "unsupported": methods.ordered(subject.unsupported),
    }
    return rendering.page(rendering.environment(), "image.html", values)


def panel(subject: Subject, photos: Sequence[Photo]) -> sheet.Picture:
    """Draw all photos and their maps as one PNG."""
    names = methods.ordered(photos[0].maps)
    signed = {n: sprites.is_signed(np.stack([photo.maps[n] for photo in photos])) for n in names}
    rows, titles = [], []
    for photo in photos:
        first, target = (subject.class_names[i] for i in (photo.ranked[0], photo.target))
        row: list[Shown] = [
            sheet.image(photo.preview, "photo"),
            sheet.image(photo.seen, "network input"),
        ]
        row += [
            sheet.heatmap(photo.maps[n], n, over=photo.seen, signed=signed[n], own=photo.own.get(n))
            for n in names
        ]
        rows.append(row)
        titles.append(
            f"{numbers.short(photo.name, 40)}: {numbers.short(first)}, "
            f"{numbers.percent(float(photo.probabilities.max()))} by {subject.cell}; maps for the "
            f"class {numbers.short(target)}"
        )
    return sheet.picture(rows, columns=7, titles=titles)


def written(number: str, value: float) -> str:
    """A method's own error as text, such as `local R² 0.834`; empty where there is none."""
    known = methods.number(number)
    if not math.isfinite(value):
        return ""
    if "as a share" in known.meaning:
        text = numbers.percent(value)
    else:
        text = numbers.count(value) if value == round(value) else numbers.significant(value, 3)
    return f"{known.label} {text}"


def _drawn(subject: Subject, photos: Sequence[Photo]) -> Gallery:
    """The photos as the gallery of a cell's page, each explained for its target."""
    targets = np.array([photo.target for photo in photos])
    explanations = Explanations(
        image_index=np.arange(len(photos)),
        label=targets,
        predicted=np.array([photo.ranked[0] for photo in photos]),
        target=targets,
        confidence=np.array([photo.probabilities.max() for photo in photos]),
        images=np.stack([photo.seen for photo in photos]),
        maps={n: np.stack([photo.maps[n] for photo in photos]) for n in photos[0].maps},
        class_names=subject.class_names,
    )
    drawn = gallery(explanations)
    assert drawn is not None  # there is at least one photo
    return drawn


def _reported(photos: Sequence[Photo]) -> dict[str, Any]:
    """The names of the methods' own errors that have a value, each once."""
    own = (each for photo in photos for each in photo.own.values())
    return {name: None for each in own for name, value in each.items() if math.isfinite(value)}


def _address(picture: np.ndarray) -> str:
    """A picture, uint8 (height, width, 3), as an address: PNG if small or smaller, else JPEG."""
    png = sprites.png(picture)
    buffer = io.BytesIO()
    Image.fromarray(picture, "RGB").save(buffer, "JPEG", quality=88)
    jpeg = buffer.getvalue()
    small = max(picture.shape[:2]) <= SMALL or len(png) <= len(jpeg)
    return address("image/png", png) if small else address("image/jpeg", jpeg)
