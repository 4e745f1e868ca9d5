"""A page on the user's own photos: the network's predictions and their explanations.

The file holds everything, pictures too, so that it can be sent and opened anywhere.
"""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from heatproof.report import rendering
from heatproof.report.charts import sheet, sprites
from heatproof.report.charts.sheet import Picture, Shown
from heatproof.report.sections.gallery import peak_place
from heatproof.report.text import methods
from heatproof.statistics import numbers

TOP = 5  # classes shown; the others are folded away
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


@dataclass(frozen=True)
class Subject:
    """The network that explains the photos.

    accuracy: on the test images, and their number; None where not measured. unsupported: method ->
    why it does not support this network. chosen: whether the user chose the explained class.
    """

    cell: str
    model: str
    dataset: str
    class_names: tuple[str, ...]
    accuracy: tuple[float, int] | None = None
    unsupported: dict[str, str] = field(default_factory=dict)
    chosen: bool = False


@dataclass(frozen=True)
class ClassProbability:
    name: str
    probability: float
    explained: bool


def top_classes(
    photo: Photo, names: Sequence[str], count: int | None = None
) -> list[ClassProbability]:
    """The classes by probability, the most probable first (of equal ones, the lower number).

    Args:
        photo: the photo.
        names: of the classes.
        count: maximum number of classes; all by default.
    """
    order = np.argsort(-photo.probabilities, kind="stable")[:count]
    return [
        ClassProbability(names[i], float(photo.probabilities[i]), i == photo.target)
        for i in map(int, order)
    ]


def page(subject: Subject, photos: Sequence[Photo]) -> str:
    """Render the page as HTML.

    Args:
        subject: the network.
        photos: at least one, all with the same methods.
    """
    templates = rendering.environment()
    templates.globals["static"] = rendering.static("image.css", pictures="data:")
    names = methods.ordered(list(photos[0].maps))
    signed = _signed(photos, names)
    values = {
        "subject": subject,
        "title": _title(photos),
        "photos": [
            _section(photo, subject, names, signed) | {"number": number}
            for number, photo in enumerate(photos, start=1)
        ],
        "described": [methods.describe(name) for name in names],
        "own_numbers": _meanings(photos),
        "unsupported": [
            (methods.describe(name).label, subject.unsupported[name])
            for name in methods.ordered(list(subject.unsupported))
        ],
    }
    return templates.get_template("image.html").render(values)


def panel(subject: Subject, photos: Sequence[Photo]) -> Picture:
    """Draw all photos and their maps as one PNG."""
    names = methods.ordered(list(photos[0].maps))
    signed = _signed(photos, names)
    rows, titles = [], []
    for photo in photos:
        first = top_classes(photo, subject.class_names, 1)[0]
        target = subject.class_names[photo.target]
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
            f"{numbers.short(photo.name, 40)}: {numbers.short(first.name)}, "
            f"{numbers.percent(first.probability)} by {subject.cell}; maps for the class "
            f"{numbers.short(target)}"
        )
    return sheet.picture(rows, columns=7, titles=titles)


def _title(photos: Sequence[Photo]) -> str:
    first = numbers.printable(photos[0].name)
    return first if len(photos) == 1 else f"{first} and {len(photos) - 1} more"


def _signed(photos: Sequence[Photo], names: Sequence[str]) -> dict[str, bool]:
    return {n: sprites.is_signed(np.stack([photo.maps[n] for photo in photos])) for n in names}


def _section(
    photo: Photo, subject: Subject, names: Sequence[str], signed: dict[str, bool]
) -> dict[str, object]:
    """The template's values for one photo."""
    rows, columns = photo.preview.shape[:2]
    left, top, right, bottom = photo.box
    target = subject.class_names[photo.target]
    return {
        "photo": photo,
        "preview": _inline(photo.preview),
        "small": max(rows, columns) <= SMALL,
        "cut": photo.box != (0.0, 0.0, 1.0, 1.0),
        "frame": [
            round(value, 1)
            for value in (
                columns * left,
                rows * top,
                columns * (right - left),
                rows * (bottom - top),
            )
        ],
        "seen": _inline(sprites.to_rgb(photo.seen)),
        "grey": _inline(sprites.to_rgb(_grey(photo.seen))),
        "top_classes": top_classes(photo, subject.class_names, TOP),
        "all_classes": top_classes(photo, subject.class_names),
        "target": target,
        "target_probability": float(photo.probabilities[photo.target]),
        "cards": [_card(photo, name, signed[name], target) for name in names],
    }


def _card(photo: Photo, name: str, signed: bool, target: str) -> dict[str, object]:
    """One map as a picture, shown over the image or beside it."""
    values, described = photo.maps[name], methods.describe(name)
    defect = sprites.defect(values)
    alt = f"{described.label} map for the class {numbers.printable(target)}"
    peak = numbers.significant(sprites.peak(values), 3)
    own = photo.own.get(name, {}).items()
    return {
        "method": described,
        "picture": _inline(sprites.colour(values, name, signed)),
        "alt": f"{alt} ({defect})" if defect else f"{alt}, largest at {peak_place(values)}",
        "defect": defect,
        "low": f"{numbers.MINUS}{peak}" if signed else "0",
        "high": peak,
        "stops": sprites.legend_stops(sprites.map_name(name, signed)),
        "own_errors": [
            f"{methods.number(n).label} {_format(n, value)}"
            for n, value in own
            if math.isfinite(value)
        ],
    }


def _format(number: str, value: float) -> str:
    if "as a share" in methods.number(number).meaning:
        return numbers.percent(value)
    return numbers.count(value) if value == round(value) else numbers.significant(value, 3)


def _meanings(photos: Sequence[Photo]) -> list[tuple[str, str]]:
    """The names and meanings of the methods' own errors, each once."""
    named = {
        number: methods.number(number)
        for photo in photos
        for own in photo.own.values()
        for number, value in own.items()
        if math.isfinite(value)
    }
    return [(known.label, known.meaning) for known in named.values() if known.meaning]


def _grey(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels.mean(axis=-1, keepdims=True)).astype(np.uint8)


def _inline(picture: np.ndarray) -> str:
    """A picture, uint8 (height, width, 3), as a data: address."""
    if max(picture.shape[:2]) <= SMALL:
        kind, content = "png", sprites.png(picture)
    else:
        kind, content = _compressed(picture)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _compressed(picture: np.ndarray) -> tuple[str, bytes]:
    """PNG where it is smaller (drawings), else JPEG."""
    png = sprites.png(picture)
    buffer = io.BytesIO()
    Image.fromarray(picture, "RGB").save(buffer, "JPEG", quality=88)
    jpeg = buffer.getvalue()
    return ("png", png) if len(png) <= len(jpeg) else ("jpeg", jpeg)
