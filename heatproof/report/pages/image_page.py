"""One page about photos of a reader's own: what the network says of them, and why.

Everything is in the one file, pictures too, so that it can be sent on and opened anywhere.
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
from heatproof.report.sections.gallery import peak
from heatproof.report.text import methods
from heatproof.statistics import numbers

TOP = 5  # classes printed and drawn; the others are folded away
SMALL = 100  # pixels a side up to which a photo is shown pixel by pixel


@dataclass(frozen=True)
class Photo:
    """A photo and what is said of it.

    name: of the file. preview: uint8 (rows, columns, 3), the whole photo, reduced. box: left, top,
    right, bottom of what the network sees, in shares of the photo. seen: uint8 (height, width,
    channels). handling: what was done to it, in sentences. warnings: how it differs from training
    images. probabilities: float (classes,). target: the class that is explained. maps: method ->
    float32 (height, width). own: method -> name -> float, what the method says of its own error.
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
    """What explains the photos.

    accuracy: share of the test images answered right, and how many there are; None where it was
    not measured. unsupported: method -> why it cannot serve this network. chosen: whether the
    reader named the class that is explained.
    """

    cell: str
    model: str
    dataset: str
    class_names: tuple[str, ...]
    accuracy: tuple[float, int] | None = None
    unsupported: dict[str, str] = field(default_factory=dict)
    chosen: bool = False


@dataclass(frozen=True)
class Answer:
    name: str
    probability: float
    explained: bool


@dataclass(frozen=True)
class Card:
    """One map, as a picture of its own that is laid over the image or not."""

    label: str
    picture: str
    alt: str
    overlay: bool
    flaw: str
    low: str
    high: str
    stops: tuple[str, ...]
    own: tuple[str, ...]


def top_answers(photo: Photo, names: Sequence[str], count: int | None = None) -> list[Answer]:
    """The classes by probability, the most probable first (the earlier class where two are equal).

    Args:
        photo: whose.
        names: of the classes.
        count: how many; all if left out.
    """
    order = np.argsort(-photo.probabilities, kind="stable")[:count]
    return [
        Answer(names[i], float(photo.probabilities[i]), i == photo.target) for i in map(int, order)
    ]


def page(subject: Subject, photos: Sequence[Photo]) -> str:
    """Render the page as HTML.

    Args:
        subject: what explains.
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
        first = top_answers(photo, subject.class_names, 1)[0]
        target = subject.class_names[photo.target]
        row: list[Shown] = [
            sheet.image(photo.preview, "the photo"),
            sheet.image(photo.seen, "what the network sees"),
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
    """What the template shows of one photo."""
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
        "answers": top_answers(photo, subject.class_names, TOP),
        "all_answers": top_answers(photo, subject.class_names),
        "target": target,
        "target_probability": float(photo.probabilities[photo.target]),
        "cards": [_card(photo, name, signed[name], target) for name in names],
    }


def _card(photo: Photo, name: str, signed: bool, target: str) -> Card:
    values, described = photo.maps[name], methods.describe(name)
    flaw = sprites.flaw(values)
    alt = f"{described.label} map for the class {numbers.printable(target)}"
    largest = numbers.significant(float(np.abs(np.nan_to_num(values)).max(initial=0)), 3)
    return Card(
        label=described.label,
        picture=_inline(sprites.colour(values, name, signed)),
        alt=f"{alt} ({flaw})" if flaw else f"{alt}, largest at {peak(values)}",
        overlay=described.overlay,
        flaw=flaw,
        low=f"{numbers.MINUS}{largest}" if signed else "0",
        high=largest,
        stops=sprites.legend_stops(sprites.map_name(name, signed)),
        own=tuple(
            f"{methods.number(number)[0]} {_told(number, value)}"
            for number, value in photo.own.get(name, {}).items()
            if math.isfinite(value)
        ),
    )


def _told(number: str, value: float) -> str:
    if "as a share" in methods.number(number)[1]:
        return numbers.percent(value)
    return numbers.count(value) if value == round(value) else numbers.significant(value, 3)


def _meanings(photos: Sequence[Photo]) -> list[tuple[str, str]]:
    """What the numbers that stand under the maps mean, each once."""
    found = {
        number: methods.number(number)
        for photo in photos
        for own in photo.own.values()
        for number, value in own.items()
        if math.isfinite(value)
    }
    return [pair for pair in found.values() if pair[1]]


def _grey(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels.mean(axis=-1, keepdims=True)).astype(np.uint8)


def _inline(picture: np.ndarray) -> str:
    """A picture, uint8 (height, width, 3), as an address that is the picture itself."""
    if max(picture.shape[:2]) <= SMALL:
        kind, content = "png", sprites.png(picture)
    else:
        kind, content = _smaller(picture)
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _smaller(picture: np.ndarray) -> tuple[str, bytes]:
    """PNG for what it packs well (drawings), else JPEG."""
    png = sprites.png(picture)
    buffer = io.BytesIO()
    Image.fromarray(picture, "RGB").save(buffer, "JPEG", quality=88)
    jpeg = buffer.getvalue()
    return ("png", png) if len(png) <= len(jpeg) else ("jpeg", jpeg)
