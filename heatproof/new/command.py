"""`heatproof new NAME --images FOLDER`: a study of one's own pictures, ready to run."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.new.command")

import argparse
import re
from pathlib import Path
from typing import get_args

from heatproof.config import params
from heatproof.config.models import Budget
from heatproof.datasets.class_folders import labelled_by_folder
from heatproof.datasets.labelled_files import outsiders, refuse
from heatproof.datasets.labels_table import labelled_by_table
from heatproof.new import examples, folder, inspection, proposal, texts
from heatproof.run.errors import UserError, nearest, printable
from heatproof.statistics.numbers import duration

_TEST_FRACTION = 0.2
_SIDES = (8, 512)
_README = """# {name}

A study made by `heatproof new`: {what}.

```
heatproof repro     # train, explain, assess and report: reports/index.html
dvc exp run -S models.{model}.schedules.{budget}.default.learning_rate=0.0005
dvc exp show        # beside what was there
```

`params.yaml` has every setting, with comments; `heatproof repro` reruns what a change touches.
"""


def main() -> None:
    """Look at the pictures, choose what suits them, and write the study's folder."""
    parser = argparse.ArgumentParser(
        prog="heatproof new", description="Make a study of your own pictures, in a new folder."
    )
    parser.add_argument("name", type=Path, help="the folder to make")
    parser.add_argument(
        "--images", type=Path, metavar="FOLDER",
        help="the pictures, in one subfolder for each class, or with --labels",
    )  # fmt: skip
    parser.add_argument(
        "--from",
        dest="example",
        metavar="EXAMPLE",
        help="in place of --images: a study from examples/, or from a folder with a study.yaml",
    )
    parser.add_argument("--labels", metavar="TABLE", help="a CSV file in that folder")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the networks' images")
    parser.add_argument("--models", default="", help="names from params.yaml, with commas between")
    parser.add_argument("--budget", default="cpu", help=", ".join(get_args(Budget)))
    new(parser.parse_args())


def new(arguments: argparse.Namespace) -> None:
    """Make the study that the command line asks for.

    Raises:
        UserError: a name, the pictures or the place are wrong.
    """
    target, pictures = arguments.name, arguments.images
    if (arguments.example is None) == (pictures is None):
        raise UserError("which pictures? --images FOLDER, or --from EXAMPLE")
    if arguments.example is not None:
        _tell(target, examples.write(arguments.example, target))
        return
    if arguments.budget not in get_args(Budget):
        close = nearest(arguments.budget, list(get_args(Budget)))
        raise UserError(
            f"--budget {arguments.budget}: unknown{close}; known: {', '.join(get_args(Budget))}"
        )
    published = params.load(folder.REPOSITORY / params.PARAMS)
    models = tuple(filter(None, arguments.models.split(",")))
    for model in models:
        if model not in published.models:
            known = list(published.models)
            raise UserError(
                f"--models {model}: unknown{nearest(model, known)}; known: {', '.join(known)}"
            )
    if arguments.size is not None and not _SIDES[0] <= arguments.size <= _SIDES[1]:
        raise UserError(f"--size {arguments.size}: expected {_SIDES[0]} to {_SIDES[1]} pixels")
    if not pictures.is_dir():
        raise UserError(f"--images {pictures}: there is no such folder")
    listing = (
        labelled_by_table(pictures / arguments.labels, pictures)
        if arguments.labels
        else labelled_by_folder(pictures)
    )
    refuse(list(outsiders(listing.images, pictures)))
    found, looked_at = inspection.inspect(listing.in_parts())
    for line in [*found.description(), *listing.all_remarks(), *listing.unusable[:20]]:
        print(printable(line))
    choice = proposal.chosen(found, arguments.budget, arguments.size, models)
    dataset = _dataset_name(target)
    contents = texts.Contents(
        budget=choice.budget,
        dataset=dataset,
        source=_source(dataset, pictures, arguments.labels, choice, looked_at),
        models=choice.models,
        schedules={
            model: proposal.schedule(
                found.images, _TEST_FRACTION, published.training.validation_fraction
            )
            for model in choice.models
        },
        pixels=max(choice.height, choice.width),
    )
    real_params, real_stages = folder.originals()
    what = f"{found.images:,} pictures of {len(found.counts)} classes"
    notes = folder.write(
        target,
        {
            "params.yaml": texts.params_text(real_params, contents),
            "dvc.yaml": texts.pipeline_text(real_stages),
            "README.md": _README.format(
                name=target.name, what=what, model=choice.models[0], budget=choice.budget
            ),
        },
    )
    print(
        f"networks see {choice.height}×{choice.width} pixels, "
        f"{'grey' if choice.colour == 'gray' else 'in colour'}"
    )
    training = round(found.images * (1 - _TEST_FRACTION))
    cells = [f"{model}-{dataset}" for model in choice.models]
    seconds = proposal.seconds_to_train(
        target / params.PARAMS, cells, choice.shape, len(found.counts), training
    )
    for cell in cells:
        print(f"{cell}: about {duration(seconds[cell])} of training on this machine")
    _tell(target, notes)


def _tell(target: Path, notes: list[str]) -> None:
    for note in notes:
        print(f"note: {note}")
    print(f"made {target}/: `cd {target}`, then `heatproof repro`")


def _dataset_name(target: Path) -> str:
    """Return a dataset's name made from that of the folder."""
    name = re.sub(r"\W+", "_", target.name, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"pictures_{name}".strip("_")


def _source(dataset: str, pictures: Path, labels, choice: proposal.Choice, files) -> str:
    mean, std = inspection.moments(files, choice.height, choice.width, choice.colour)
    fetch = {
        "source": "image_folder",
        "reads": str(pictures.absolute()),
        **({"labels": labels} if labels else {}),
        "size": [choice.height, choice.width],
        "colour": choice.colour,
    }
    blocks = {
        "fetch": fetch,
        "preprocess": {"test_fraction": _TEST_FRACTION},
        "normalisation": {"mean": mean, "std": std},
        "augmentation": proposal.augmentation(choice),
    }
    return texts.entry(dataset, blocks)
