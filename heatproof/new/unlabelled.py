"""A network explained on pictures without labels: a page of maps, and no study.

Without labels nothing says whether the network is read as it was meant, which predictions are right
and whether the maps can be believed; what is predicted is explained all the same.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.config import params
from heatproof.datasets import photos
from heatproof.datasets.labelled_files import files_below, is_image
from heatproof.models.architectures.saved import Network
from heatproof.new.command import SIDES
from heatproof.report.pages import image_page
from heatproof.report.text import methods
from heatproof.run import runtime
from heatproof.run.errors import UserError, escaped
from heatproof.statistics import numbers
from heatproof.storage import atomic

if TYPE_CHECKING:
    from heatproof.opening import OpenModel

SHOWN = 12  # pictures
COLOURS = {1: "gray", 3: "rgb"}
# They give baselines and backgrounds, as training images do elsewhere.
_READ = 200
UNCHECKED = (
    "Its pictures have no labels: neither whether its scaling and the order of its classes are as "
    "stated, nor which of its predictions are right, can be checked."
)
UNMEASURED = (
    "Which of its maps can be believed was not measured: heatproof explain-model does that with "
    "labelled pictures."
)


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures in a folder, in order.

    Raises:
        UserError: there is none.
    """
    found = [path for path, readable in files_below(folder) if readable and is_image(path.name)]
    if not found:
        raise UserError(f"--images {folder}: there are no pictures in it")
    return found


def require_pictures_fit(network: Network, shape: tuple[int, int, int]) -> None:
    """Refuse a network to whose shape (height, width, channels) no picture is brought.

    Raises:
        UserError: it is such.
    """
    height, width, channels = shape
    least, most = SIDES
    if channels not in COLOURS or not all(least <= side <= most for side in (height, width)):
        raise UserError(
            f"{network.file}: it takes images of {height}×{width} pixels and {channels} channels; "
            f"expected {least} to {most} pixels a side, and 1 or 3 channels"
        )


def explain(network: Network, size: int | None, folder: Path, target: Path, defaults: Path) -> Path:
    """Explain what a network predicts of some pictures, and return the page's path.

    Args:
        network: its file, scaling and classes.
        size: height and width, for a network that takes images of any size.
        folder: of the pictures.
        target: the folder to write to.
        defaults: a params.yaml, whose threads, seed and list of methods are taken.

    Raises:
        UserError: the network or no picture can be read, or there is a study at the target.
    """
    if (target / params.PARAMS).exists() or (target.exists() and not target.is_dir()):
        raise UserError(f"{target}: a study, or a file, is there; choose another --to")
    found = pictures_in(folder)
    study = params.load(defaults)
    runtime.require_tensorflow("explaining")
    runtime.configure(study.threads, study.seed)
    from heatproof.models import existing
    from heatproof.opening import open_model

    shape = existing.own_shape(network, None if size is None else (size, size))
    require_pictures_fit(network, shape)
    views = _read(found, SHOWN, shape)
    if not views:
        raise UserError(f"--images {folder}: no picture in it can be read")
    shown = {path for path, *_ in views}
    others = _read([path for path in _evenly(found, _READ) if path not in shown], _READ, shape)
    images = np.stack([view.pixels for *_, view in (*views, *others)])
    opened = open_model(
        network.file, network.classes, images, scaling=str(network.scaling), seed=study.seed
    )
    for note in opened.notes:
        print(escaped(f"{Path(network.file).name}: {note}"))
    print(f"note: {UNCHECKED}")
    probabilities = opened.predict(images[: len(views)])
    explained = [
        image_page.Photo(
            name=path.relative_to(folder).as_posix(),
            preview=preview,
            box=view.box,
            seen=view.pixels,
            handling=view.handling,
            warnings=(),
            probabilities=each,
            target=int(each.argmax()),
        )
        for (path, preview, view), each in zip(views, probabilities, strict=True)
    ]
    suiting = [name for name in study.explain.methods if name in opened.methods]
    unsupported = _maps(opened, suiting, explained)
    subject = image_page.Subject(
        Path(network.file).name, Path(network.file).stem, folder.resolve().name, opened.class_names,
        unsupported=unsupported, saved=True, of_a_study=False,
        remarks=(UNCHECKED, UNMEASURED, *map(_sentence, opened.notes)),
    )  # fmt: skip
    page = target / "index.html"
    atomic.write_text(page, image_page.page(subject, explained))
    atomic.write_bytes(page.with_suffix(".png"), image_page.panel(subject, explained).png)
    if len(found) > len(views):
        print(f"explained {len(views)} of {numbers.plural(len(found), 'picture')}, evenly spread")
    return page


def _maps(
    opened: "OpenModel", names: Sequence[str], shown: Sequence[image_page.Photo]
) -> dict[str, str]:
    """Put the methods' maps into `shown`; return which do not support the network, and why."""
    images = np.stack([one.seen for one in shown])
    targets = np.array([one.target for one in shown])
    unsupported = {}
    for name, result in opened.explain_all(names, images, targets):
        label = methods.describe(name).label
        if isinstance(result, UnsupportedNetwork):
            unsupported[name] = str(result)
            continue
        print(f"  {label}", flush=True)
        for row, one in enumerate(shown):
            one.maps[name] = result.maps[row]
            one.own[name] = {number: float(v[row]) for number, v in result.numbers.items()}
    for reason in dict.fromkeys(unsupported.values()):
        labels = [methods.describe(n).label for n, each in unsupported.items() if each == reason]
        print(f"  not {numbers.listing(labels)}: {reason}")
    return unsupported


def _read(
    paths: Sequence[Path], most: int, shape: tuple[int, int, int]
) -> list[tuple[Path, np.ndarray, photos.View]]:
    """Read so many pictures, evenly spread: path, preview, and as the network sees a study's.

    One that cannot be read is named and left out; while there are others, one of them is read in
    its place.
    """
    left = list(paths)
    read: list[tuple[Path, np.ndarray, photos.View]] = []
    while left and len(read) < most:
        for path in _evenly(left, most - len(read)):
            left.remove(path)
            try:
                picture = photos.read(path)
            except UserError as error:
                print(escaped(f"note: {error}; left out"))
                continue
            view = photos.view(picture, shape, photos.Preparation("squash"))
            read.append((path, photos.preview(picture), view))
    return sorted(read, key=lambda each: each[0])


def _evenly(paths: Sequence[Path], most: int) -> list[Path]:
    places = np.linspace(0, len(paths) - 1, min(most, len(paths))).round().astype(int)
    return [paths[place] for place in dict.fromkeys(places.tolist())]


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}."
