"""Explain images of one's own: a page and a panel in explained/.

`python -m heatproof.explain_image photo.png --cell resnet18-cifar10`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.explain_image")

import argparse
import time
from pathlib import Path
from typing import Any

from PIL import Image

from heatproof import api, explaining_photos
from heatproof.api import TrainedCell
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.arguments import only
from heatproof.datasets import photos
from heatproof.explaining_photos import ExplainedPhotos
from heatproof.report.pages import image_page
from heatproof.report.text import methods
from heatproof.run import study_folder
from heatproof.run.errors import UserError
from heatproof.statistics import numbers
from heatproof.storage import atomic

OUTPUT = Path("explained")


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
        _shown(trained, path.name, photos.read(path, trained.value_range), target, how)
        for path in paths
    ]
    explained = ExplainedPhotos(trained, shown, target is not None)
    _explain(explained, chosen)
    page = output / explained.file_name
    html, panel = explained.page(), explained.panel()
    atomic.write_text(page, html)
    atomic.write_bytes(page.with_suffix(".png"), panel.png)
    print(f"page:  {page}\npanel: {page.with_suffix('.png')}")
    return page


def _shown(
    trained: TrainedCell,
    name: str,
    picture: Image.Image,
    target: str | None,
    how: dict[str, Any],
) -> image_page.Photo:
    """Show a photo to the network and print its prediction, and what makes that doubtful."""
    one = explaining_photos.shown(trained, name, picture, target, how)
    print(f"{numbers.printable(name)}: {one.handling}")
    for rank, answer in enumerate(one.ranked):
        if rank < image_page.TOP or answer == one.target:
            mark = "  <- explained" if answer == one.target else ""
            name = numbers.short(trained.class_names[answer])
            print(f"  {name:22} {100 * one.probabilities[answer]:6.2f} %{mark}")
    for warning in one.warnings:
        print(f"  note: {warning}")
    return one


def _explain(explained: ExplainedPhotos, chosen: list[str]) -> None:
    """Apply the methods, and print how long each takes."""
    count = numbers.plural(len(chosen), "method")
    print(
        f"Explaining with {count}. {_warned(explained.trained, chosen, len(explained.photos))}",
        flush=True,
    )
    started = time.monotonic()
    for name, result in explained.explain(chosen):
        label, seconds = methods.describe(name).label, time.monotonic() - started
        if result is None:
            reason = explained.unsupported[name]
            print(f"  {label:42} not for this network: {reason}", flush=True)
        else:
            label += f" ({result.engine})" if result.engine else ""
            print(f"  {label:42} {seconds:6.1f} s", flush=True)
        started = time.monotonic()


def _warned(trained: TrainedCell, chosen: list[str], images: int) -> str:
    """Say which of the methods take long, and how long they took in the study if it is known."""
    slow = [name for name in chosen if methods.describe(name).cost == "slow"]
    if not slow:
        return ""
    time_taken = "which may take minutes with a large one"
    known = explaining_photos.measured_seconds(trained, slow)
    if len(known) == len(slow):
        seconds = images * sum(known.values())
        took = "less than a second" if seconds < 1 else f"about {numbers.duration(seconds)}"
        time_taken = f"which took {took} where the study was run"
    labels = numbers.listing([methods.describe(name).label for name in slow])
    return (
        f"{labels} {'needs' if len(slow) == 1 else 'need'} many passes through the network for "
        f"each image, {time_taken}; --methods chooses fewer."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heatproof explain-image",
        description="Explain what a trained network sees in images of your own.",
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
