"""`heatproof new NAME --images FOLDER`: a study of one's own pictures, ready to run."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.new.command")

import argparse
import re
import shlex
from pathlib import Path
from typing import get_args

from heatproof.config import params
from heatproof.config.models import Budget
from heatproof.new import examples, folder, inspection, proposal, texts
from heatproof.run.errors import UserError, printable, require_known
from heatproof.statistics.numbers import duration

_TEST_FRACTION = 0.2
_SIDES = (8, 512)
_README = """# {name}

A study made by `heatproof new`: {what}.

```
heatproof repro     # train, explain, assess and report: reports/index.html
dvc exp run -S models.{model}.schedules.{budget}.default.learning_rate=0.0005
dvc exp show --only-changed --drop '^(?!metrics).*/'    # beside what was there
```

`params.yaml` has every setting, with comments; `heatproof repro` reruns what a change touches.
"""


def main() -> None:
    """Look at the pictures, choose what suits them, and write the study's folder."""
    parser = argparse.ArgumentParser(
        prog="heatproof new", description="Make a study of your own pictures, in a new folder."
    )
    parser.add_argument("name", type=Path, help="the folder to make")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--images", type=Path, metavar="FOLDER",
        help="the pictures: in one subfolder for each class, also below train/, val/ and test/, or "
        "with --labels; or a file of arrays, HDF5 or .npz",
    )  # fmt: skip
    what.add_argument("--tfds", metavar="DATASET", help="of tensorflow-datasets, by its name")
    what.add_argument(
        "--from", dest="example", metavar="EXAMPLE",
        help="a study from examples/, by its name, or from a folder with a study.yaml",
    )  # fmt: skip
    parser.add_argument("--labels", metavar="TABLE", help="a CSV or TSV file in the folder")
    parser.add_argument(
        "--value-range", type=float, nargs=2, metavar=("BLACK", "WHITE"),
        help="which values are black and white, in pictures of more than 8 bits and in arrays",
    )  # fmt: skip
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of the networks' images")
    parser.add_argument("--models", default="", help="names from params.yaml, with commas between")
    parser.add_argument("--budget", default="cpu", help=", ".join(get_args(Budget)))
    new(parser.parse_args())


def new(arguments: argparse.Namespace) -> None:
    """Make the study that the command line asks for.

    Raises:
        UserError: a name, the pictures or the place are wrong.
    """
    target: Path = arguments.name if arguments.name.name else Path.cwd()
    if arguments.example is not None:
        for note in examples.write(arguments.example, target):
            print(f"note: {note}")
    else:
        _made_of_pictures(target, arguments)
    print(f"made {target}/: `cd {shlex.quote(str(target))}`, then `heatproof repro`")


def _made_of_pictures(target: Path, arguments: argparse.Namespace) -> None:
    published = params.load(folder.REPOSITORY / params.PARAMS)
    models = tuple(filter(None, map(str.strip, arguments.models.split(","))))
    for option, names, known in (
        ("--budget", (arguments.budget,), get_args(Budget)),
        ("--models", models, published.models),
    ):
        for name in names:
            require_known(f"{option} {name}: unknown", name, known)
    if arguments.size is not None and not _SIDES[0] <= arguments.size <= _SIDES[1]:
        raise UserError(f"--size {arguments.size}: expected {_SIDES[0]} to {_SIDES[1]} pixels")
    folder.require_free(target)
    pictures = _pictures(arguments)
    found = pictures.found
    for line in [*found.description(), *pictures.remarks]:
        print(printable(line))
    choice = proposal.chosen(found, arguments.budget, arguments.size, models)
    dataset = _dataset_name(target)
    fraction = published.training.validation_fraction
    schedule = proposal.schedule(found.images, _TEST_FRACTION, fraction)
    mean, std = inspection.moments(pictures.samples(choice.height, choice.width, choice.colour))
    seen = {"size": [choice.height, choice.width], "colour": choice.colour}
    blocks = {
        "fetch": pictures.fetch | seen,
        "preprocess": {"test_fraction": _TEST_FRACTION},
        "normalisation": {"mean": mean, "std": std},
        "augmentation": proposal.augmentation(choice),
    }
    contents = texts.Contents(
        budget=choice.budget,
        dataset=dataset,
        source=texts.entry(dataset, blocks),
        models=choice.models,
        schedules=dict.fromkeys(choice.models, schedule),
        pixels=max(choice.height, choice.width),
    )
    what = f"{found.images:,} pictures of {len(found.counts)} classes"
    readme = _README.format(
        name=target.name, what=what, model=choice.models[0], budget=choice.budget
    )
    for note in folder.write(target, contents, readme):
        print(f"note: {note}")
    colour = "grey" if choice.colour == "gray" else "in colour"
    print(f"networks see {choice.height}×{choice.width} pixels, {colour}")
    cells = [f"{model}-{dataset}" for model in choice.models]
    seconds = proposal.seconds_to_train(
        target / params.PARAMS, cells, choice.shape, len(found.counts),
        round(found.images * (1 - _TEST_FRACTION)),
    )  # fmt: skip
    for cell in cells:
        print(f"{cell}: about {duration(seconds[cell])} of training on this machine")


def _pictures(arguments: argparse.Namespace) -> inspection.Pictures:
    """Look at what the command line names."""
    value_range = arguments.value_range and (arguments.value_range[0], arguments.value_range[1])
    if value_range and not value_range[0] < value_range[1]:
        raise UserError("--value-range: expected the value of black first, the smaller one")
    if arguments.tfds:
        return inspection.of_dataset(arguments.tfds, arguments.size)
    if not arguments.images.is_file():
        return inspection.of_folder(arguments.images, arguments.labels, value_range)
    if arguments.labels:
        raise UserError(f"--labels {arguments.labels}: {arguments.images} holds the labels itself")
    return inspection.of_file(arguments.images, value_range)


def _dataset_name(target: Path) -> str:
    """Return a dataset's name made from that of the folder."""
    name = re.sub(r"\W+", "_", target.name, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"pictures_{name}".strip("_")
