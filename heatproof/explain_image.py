"""Explain images of one's own: a page and a panel in explained/.

`python -m heatproof.explain_image photo.png --cell resnet18-cifar10`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.explain_image")

import argparse
import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heatproof import api
from heatproof.api import TrainedCell
from heatproof.attribution.core.method import UnsupportedNetwork
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.arguments import only
from heatproof.datasets import likeness, photos
from heatproof.report.pages import image_page
from heatproof.report.text import methods
from heatproof.run import study_folder
from heatproof.run.errors import UserError
from heatproof.statistics import numbers
from heatproof.storage import artifacts, atomic
from heatproof.storage.folders import file_name

OUTPUT = Path("explained")
LONGEST_NAME = 40  # letters; with the cell's name it must still be a file name


def main() -> None:
    arguments = vars(_parser().parse_args())
    arguments["wanted"] = [
        name for words in arguments["wanted"] for name in words.split(",") if name
    ]
    if not (cell := arguments.pop("cell")):
        study_folder.require(arguments["study"])
        cell = only(api.trained_cells(arguments["study"]))
    explain_images(arguments.pop("images"), cell, **arguments)


def explain_images(
    paths: list[Path],
    cell: str,
    *,
    wanted: list[str] | None = None,
    target: str | None = None,
    fit: str | None = None,
    invert: bool = False,
    levels: bool = False,
    as_is: bool = False,
    output: Path = OUTPUT,
    study: Path = Path(),
) -> Path:
    """Explain photos with a trained cell; write a page and a panel, and return the page's path.

    Args:
        paths: image files of any size; at least one.
        cell: whose network.
        wanted: methods or families; every method if left out.
        target: the class to explain, by name or index; each photo's most probable if left out.
        fit: how a photo of another shape is fitted, one of `photos.FITS`; chosen to suit the
            dataset if left out.
        invert: invert brightness, for dark ink on paper.
        levels: make the ground black and the brightest white, for a photo of paper.
        as_is: do none of this, even where the training images are cut out and centred.
        output: the folder to write to.
        study: the folder where params.yaml, data/ and metrics/ are.

    Raises:
        UserError: the cell is unknown or not trained, a file is no image, there is no such method
            or class, or Keras runs on another backend than TensorFlow.
    """
    # What can be mistyped is found before TensorFlow is waited for.
    for path in paths:
        photos.require_image(path)
    output = output.resolve()
    if output.exists() and not output.is_dir():
        raise UserError(f"--output {output}: this is a file; name a folder for the page")
    study_folder.require(study)
    trained = api.open_cell(cell, study)
    chosen = trained.named(wanted or list(trained.families))
    how = {"fit": fit, "invert": invert, "levels": levels, "as_is": as_is}
    for remark in trained.remarks:
        print(f"note on {cell}: {remark}")
    shown = [
        _seen(trained, path.name, photos.read(path, trained.value_range), target, how)
        for path in paths
    ]
    unsupported, engines = _fill(trained, chosen, shown)
    subject = _subject(trained, unsupported, target is not None)
    page = output / f"{_stem(paths)}-{file_name(cell)}.html"
    with methods.computed_by(engines):
        html, panel = image_page.page(subject, shown), image_page.panel(subject, shown)
    atomic.write_text(page, html)
    atomic.write_bytes(page.with_suffix(".png"), panel.png)
    print(f"page:  {page}\npanel: {page.with_suffix('.png')}")
    return page


def _seen(
    trained: TrainedCell,
    name: str,
    picture: Image.Image,
    target: str | None,
    how: dict[str, Any],
) -> image_page.Photo:
    """Show a photo to the network and print its prediction, and what makes that doubtful."""
    view = trained.view(picture, **how)
    preview = photos.preview(picture, view.inverted)
    [probabilities] = trained.predict(view.pixels[None].astype(np.float32) / 255)
    one = image_page.Photo(
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
    print(f"{numbers.printable(name)}: {one.handling}")
    for rank, answer in enumerate(one.ranked):
        if rank < image_page.TOP or answer == one.target:
            mark = "  <- explained" if answer == one.target else ""
            name = numbers.short(trained.class_names[answer])
            print(f"  {name:22} {100 * probabilities[answer]:6.2f} %{mark}")
    for warning in one.warnings:
        print(f"  note: {warning}")
    return one


def _fill(
    trained: TrainedCell, chosen: list[str], shown: list[image_page.Photo]
) -> tuple[dict[str, str], dict[str, str]]:
    """Put the methods' maps into `shown`.

    Returns:
        which do not support the network, and why; and which a library computed, and which library.
    """
    count = numbers.plural(len(chosen), "method")
    print(f"Explaining with {count}. {_warned(trained, chosen, len(shown))}", flush=True)
    images = np.stack([one.seen for one in shown]).astype(np.float32) / 255
    targets = np.array([one.target for one in shown])
    unsupported, engines = {}, {}
    started = time.monotonic()
    for name, result in trained.explain_all(chosen, images, targets):
        label, seconds = methods.describe(name).label, time.monotonic() - started
        if isinstance(result, UnsupportedNetwork):
            unsupported[name] = str(result)
            print(f"  {label:42} not for this network: {result}", flush=True)
        else:
            if result.engine:
                engines[name] = result.engine
                label += f" ({result.engine})"
            print(f"  {label:42} {seconds:6.1f} s", flush=True)
            for row, one in enumerate(shown):
                one.maps[name] = result.maps[row]
                one.own[name] = {number: float(v[row]) for number, v in result.numbers.items()}
        started = time.monotonic()
    return unsupported, engines


def _warned(trained: TrainedCell, chosen: list[str], images: int) -> str:
    """Say which of the methods take long, and how long they took in the study if it is known."""
    slow = [name for name in chosen if methods.describe(name).cost == "slow"]
    if not slow:
        return ""
    measured: dict[str, float] = {}
    for family, explainers in trained.families.items():
        if not explainers.keys().isdisjoint(slow):
            measured |= artifacts.read_timing(f"explain_{family}", trained.name, trained.folder)
    each = [measured.get(f"{name}_ms_per_image") for name in slow]
    time_taken = "which may take minutes with a large one"
    known = [milliseconds for milliseconds in each if numbers.known(milliseconds)]
    if len(known) == len(each):
        seconds = images * sum(known) / 1000
        took = "less than a second" if seconds < 1 else f"about {numbers.duration(seconds)}"
        time_taken = f"which took {took} where the study was run"
    labels = numbers.listing([methods.describe(name).label for name in slow])
    return (
        f"{labels} {'needs' if len(slow) == 1 else 'need'} many passes through the network for "
        f"each image, {time_taken}; --methods chooses fewer."
    )


def _subject(trained: TrainedCell, unsupported: dict[str, str], chosen: bool) -> image_page.Subject:
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
        unsupported,
        chosen,
        trained.remarks,
        trained.verdict,
        trained.name in trained.study.saved,
    )


def _stem(paths: list[Path]) -> str:
    """A plain file name that tells which photos it is about, whatever theirs is."""
    given = paths[0].stem
    name = re.sub(r"[^\w.()+ -]", "_", given)[:LONGEST_NAME].lstrip(".") or "photo"
    if name != given:  # two names must not become one
        name += f"-{hashlib.sha256(os.fsencode(given)).hexdigest()[:8]}"
    return name if len(paths) == 1 else f"{name}-and-{len(paths) - 1}-more"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Explain what a trained network sees in images of your own."
    )
    add = parser.add_argument
    add("images", nargs="+", type=Path, help="image files of any size")
    add("--cell", help="a cell of params.yaml, <model>-<dataset>; the trained one if left out")
    add(
        "--methods",
        dest="wanted",
        nargs="+",
        default=[],
        metavar="NAME",
        help=f"methods, or families of them ({', '.join(STAGE_FAMILIES)}); all if left out",
    )
    add("--target", help="the class to explain, by name or index; the most probable if left out")
    add(
        "--fit",
        choices=photos.FITS,
        help="a photo of another shape is cut to its middle, padded, or squashed; chosen to suit "
        "the dataset if left out",
    )
    add(
        "--invert",
        action="store_true",
        help="invert brightness: for dark ink on paper, where the network knows bright digits "
        "on black",
    )
    add(
        "--levels",
        action="store_true",
        help="stretch brightness until the ground is black: for a photo of paper",
    )
    add(
        "--as-is",
        action="store_true",
        help="take the photo as it is, even where training images have their subject cut out, "
        "bright or dark, and centred, as the photo's is otherwise",
    )
    add("--output", type=Path, default=OUTPUT, help=f"the folder to write to ({OUTPUT}/)")
    add(
        "--study",
        type=Path,
        default=Path(),
        help="the folder whose params.yaml and results are used, such as demo after `make demo`",
    )
    return parser
