"""`heatproof new NAME --images FOLDER`: a study of one's own pictures, ready to run."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.new.command")

import argparse
import re
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from heatproof.config import params
from heatproof.config.models import DEFAULT, Budget
from heatproof.models import lite0_weights
from heatproof.new import (
    enough,
    examples,
    expected_time,
    few_images,
    folder,
    inspection,
    picture_folder,
    proposal,
    texts,
)
from heatproof.run.errors import UserError, escaped, require_known
from heatproof.statistics.numbers import duration

_TEST_FRACTION = 0.2
_BUDGETS = ", ".join(get_args(Budget))
SIDES = (8, 512)  # pixels that an image may have
_README = """# {name}

A study made by `heatproof new`: {what}.

```
heatproof repro     # train, explain, assess and report: reports/index.html
git add dvc.lock metrics && git commit -m "As it was"    # what experiments are compared with
dvc exp run -S models.{model}.schedules.{budget}.default.learning_rate=0.0005{target}
dvc exp show --only-changed --drop '^(?!metrics).*/'    # beside what was there
```

`params.yaml` has every setting, with comments; `heatproof repro` reruns what a change touches.
"""


def require_size(size: int | None) -> None:
    """Refuse a `--size` that no image may have. Raises UserError."""
    if size is not None and not SIDES[0] <= size <= SIDES[1]:
        raise UserError(f"--size {size}: expected {SIDES[0]} to {SIDES[1]} pixels")


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
    parser.add_argument(
        "--images-per-class", default="", metavar="NUMBERS",
        help="train on so few pictures of each class too, such as 1,5,20, for what few are enough",
    )  # fmt: skip
    parser.add_argument(
        "--draws", type=int, default=few_images.DRAWS, help="of them, for each number, and of all"
    )
    parser.add_argument("--budget", default="cpu", help=f"which schedules: {_BUDGETS}")
    new(parser.parse_args())


def new(arguments: argparse.Namespace) -> None:
    """Make the study that the command line asks for.

    Raises:
        UserError: a name, the pictures or the place are wrong.
    """
    target = folder.named(arguments.name)
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
    require_size(arguments.size)
    folder.require_free(target)
    if arguments.images:
        folder.require_outside(target, arguments.images)
    looked_at = pictures(arguments)
    found = looked_at.found
    where = arguments.images or Path(arguments.tfds)
    # A dataset of tensorflow-datasets may name classes of which it has nothing.
    found.require_enough(
        where / arguments.labels if arguments.labels else where, each_class=not arguments.tfds
    )
    for line in [*found.description(), *looked_at.remarks]:
        print(escaped(line))
    training = found.to_train_with(_TEST_FRACTION)
    numbers = few_images.numbers(arguments.images_per_class, arguments.draws, training)
    few = enough.few_to_learn_from(training)
    pretrained = few and not models and lite0_weights.at_hand()
    choice = proposal.chosen(found, arguments.budget, arguments.size, models, pretrained)
    balance = _balance(found)
    for line in _warnings(found, training, choice, balanced=balance is not None):
        print(line, flush=True)  # before what takes time
    dataset = dataset_name(target)
    seen = {"size": [choice.height, choice.width], "colour": choice.colour}
    blocks = {
        "fetch": looked_at.fetch | seen,
        "preprocess": {"test_fraction": _TEST_FRACTION},
        "normalisation": "auto",
        "augmentation": proposal.augmentation(found, choice),
    }
    contents = texts.Contents(
        budget=choice.budget,
        datasets={dataset: texts.entry(dataset, blocks)},
        models=choice.models,
        schedules={},
        balance=balance,
    )
    cells = {f"{model}-{dataset}": model for model in choice.models}
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / params.PARAMS
        real = folder.originals()[0]
        file.write_text(texts.params_text(real, contents), encoding="utf-8")
        largest = proposal.largest_batches(file, list(cells), choice.shape, len(training))
        schedules, lowered = _schedules(
            published, choice, sum(training.values()), {cells[c]: n for c, n in largest.items()}
        )
        contents = replace(contents, schedules=schedules)
        file.write_text(texts.params_text(real, contents), encoding="utf-8")
        tests = found.images - sum(training.values())
        stages = expected_time.of_cells(file, cells, choice.shape, training, found.tested or tests)
    seconds = {cell: each[expected_time.TRAIN] for cell, each in stages.items()}
    folds, lines = _cross_validation(found, choice.budget, cells, seconds)
    draws = few_images.seeds(published.seed, arguments.draws)
    contents = replace(
        contents,
        folds={
            model: (each, few_images.seeds(published.seed, times))
            for model, (each, times) in folds.items()
        },
        few_images=(numbers, draws),
    )
    lines += few_images.lines(numbers, arguments.draws, seconds)
    what = f"{found.images:,} pictures of {len(found.counts)} classes"
    readme = _readme(target.name, what, contents)
    for note in folder.write(target, contents, readme):
        print(f"note: {note}")
    expected_time.begin_with(target, stages)
    colour = "grey" if choice.colour == "gray" else "in colour"
    print(f"networks see {choice.height}×{choice.width} pixels, {colour}")
    if contents.balance:
        print(f"training.balance: {contents.balance[0]}, since {contents.balance[1]}")
    print("expected on this machine, an estimate from a few timed passes:")
    for line in [*map(expected_time.line, stages.items()), *lines]:
        print(f"  {line}")
    for cell, model in cells.items():
        if model in lowered:
            print(
                f"{cell}: batch_size at most {largest[cell]}, so that training stays below 2 GiB "
                "of memory at this size; raise it in params.yaml where there is more"
            )


def _warnings(
    found: inspection.Found, training: Mapping[str, int], choice: proposal.Choice, balanced: bool
) -> list[str]:
    lines = [enough.test_line(found.to_test_with(_TEST_FRACTION), balanced)]
    if max(choice.height, choice.width) > proposal.SMALL:
        lines.append(enough.learning_line(training, choice.models))
    return [line for line in lines if line]


def _readme(name: str, what: str, contents: texts.Contents) -> str:
    model = contents.models[0]
    # Without a target each of the cell's other runs would be trained again too.
    again = model in contents.folds or contents.few_images[0]
    target = f" evaluate@{model}-{next(iter(contents.datasets))}" if again else ""
    return _README.format(name=name, what=what, model=model, budget=contents.budget, target=target)


def _schedules(
    published: params.Params, choice: proposal.Choice, training: int, largest: dict[str, int]
) -> tuple[dict[str, str], list[str]]:
    """Return each model's schedule for so many pictures, and whose batch memory makes smaller.

    Args:
        published: of which the models are.
        choice: of models and budget.
        training: pictures to train with.
        largest: each model's batch that fits into memory.
    """
    settings = published.training
    enough = training * settings.validation_fraction >= settings.min_validation_images
    defaults = {
        model: published.models[model].schedules[choice.budget][DEFAULT].model_dump()
        for model in choice.models
    }
    schedules = {
        model: proposal.schedule(training, enough, default, largest[model])
        for model, default in defaults.items()
    }
    lowered = [
        model
        for model, default in defaults.items()
        if largest[model] < proposal.batch_size(training, default)
    ]
    return schedules, lowered


def _balance(found: inspection.Found) -> tuple[str, str] | None:
    """Return what is done about very unequal classes, and why; None where they are not."""
    if found.extremes is None:
        return None
    largest, smallest = (f"'{name}' has {found.counts[name]:,}" for name in found.extremes)
    return "sampling", escaped(f"{largest} pictures, {smallest}: each class is served as often")


def _cross_validation(
    found: inspection.Found, budget: str, cells: dict[str, str], seconds: dict[str, float]
) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Return folds and repetitions of the models that are cross-validated, and what to say of it.

    Args:
        found: the pictures.
        budget: under which they are trained.
        cells: the model of each.
        seconds: that each cell's training takes.
    """
    folds: dict[str, tuple[int, int]] = {}
    lines = []
    for cell, model in cells.items():
        each, times, takes = proposal.cross_validation(found, _TEST_FRACTION, seconds[cell], budget)
        if times:
            folds[model] = each, times
            repeated = f"{each} folds" if times == 1 else f"{each} folds, {times} times"
            lines.append(
                f"{cell}: cross-validated too ({repeated}), about {duration(takes)}: fewer than "
                f"{proposal.FEW_TESTED} test pictures say little"
            )
        elif each:
            lines.append(
                f"{cell}: not cross-validated, though fewer than {proposal.FEW_TESTED} test "
                f"pictures say little: it would take about {duration(takes)}; `runs` in "
                "params.yaml says how"
            )
    return folds, lines


def pictures(arguments: argparse.Namespace) -> inspection.Pictures:
    """Look at what the command line names: `images`, with `labels` and `value_range`, or `tfds`."""
    value_range = arguments.value_range and (arguments.value_range[0], arguments.value_range[1])
    if value_range and not value_range[0] < value_range[1]:
        raise UserError("--value-range: expected the value of black first, the smaller one")
    if arguments.tfds:
        return inspection.of_dataset(arguments.tfds, arguments.size)
    if not arguments.images.is_file():
        return picture_folder.of_folder(arguments.images, arguments.labels, value_range)
    if arguments.labels:
        raise UserError(f"--labels {arguments.labels}: {arguments.images} holds the labels itself")
    return inspection.of_file(arguments.images, value_range)


def dataset_name(target: Path) -> str:
    """Return a dataset's name made from that of the folder."""
    name = re.sub(r"\W+", "_", target.name, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"pictures_{name}".strip("_")
