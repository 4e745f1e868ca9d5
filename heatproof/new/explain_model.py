"""`heatproof explain-model FILE --images FOLDER`: a study of a network that exists already, run."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.new.explain_model")

import argparse
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.config import params
from heatproof.config.validation import validated
from heatproof.datasets.labelled_files import is_hidden
from heatproof.models import program
from heatproof.models.architectures.saved import Network
from heatproof.models.scaling import SCALINGS
from heatproof.new import command as command_of_new
from heatproof.new import enough, expected_time, folder, inspection, texts, unlabelled
from heatproof.run import interrupts, runtime
from heatproof.run.errors import UserError, escaped
from heatproof.storage import artifacts

if TYPE_CHECKING:
    from heatproof.models.flattening import Flattened

# Nothing is trained: what is not tested with gives baselines and backgrounds.
_TEST_FRACTION = 0.5
_FILES = "a .keras, .h5 or .onnx file, or a folder: of a SavedModel, or of an .onnx and its weights"
_README = """# {name}

A study made by `heatproof explain-model`: {file} on {images:,} pictures of {classes} classes.

```
heatproof repro     # open, evaluate, explain, assess and report: reports/index.html
```

The network is opened, never trained, and its file is never written to; another file in its place is
opened anew. `params.yaml` has every setting, with comments; what is said of the network is under
`models`, how many pictures are explained under `explain` and `assess`. To compare it with a network
that is trained on these pictures, add a model, its cell, and the cell under `runs`.
"""


def main() -> None:
    """Make the study, unless it is there already, and run it."""
    arguments = _parser().parse_args()
    command_of_new.require_size(arguments.size)
    if _without_labels(arguments):
        print(f"the page: {_explained_as_they_are(arguments)}")
        return
    target = folder.named(arguments.to or _place(arguments.file))
    if (target / params.PARAMS).exists():
        cell = _there_already(target, arguments)
        print(f"{target}/ is there already: its settings are in {target / params.PARAMS}")
    else:
        cell = make(target, arguments)
        print(f"made {target}/")
    if arguments.only_make:
        print(f"`cd {shlex.quote(str(target))}`, then `heatproof repro`")
        return
    _run(target, "open@" + cell)
    opened = artifacts.read_metrics("open", cell, ("remarks",), target)
    if opened["remarks"] and not arguments.implausible:
        raise UserError(
            f"{target}: {' '.join(opened['remarks'])} Correct models.{cell.partition('-')[0]}."
            f"network in {target / params.PARAMS}, or add --implausible; then the same command"
        )
    _run(target)
    print(f"the report: {target / 'reports' / 'index.html'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heatproof explain-model",
        description="Explain a classifier that exists already, measure which explanations can be "
        "believed, and write a report, in a study of its own. The same command resumes what was "
        "interrupted.",
        epilog="The network is opened, never trained; no code is taken from its file, of Keras' "
        "only its own layers. Of a SavedModel and of ONNX (pip install -r requirements-onnx.txt) "
        "the layers cannot be seen: they are explained by the methods that need nothing but "
        "predictions, and the report says which cannot serve them. Of pictures without "
        "labels there is no study but a page: what the network predicts is explained, and it "
        "cannot be said whether the network is read as it was meant, which of its predictions are "
        "right, and which maps can be believed.",
    )
    parser.add_argument("file", type=Path, help=f"the network: {_FILES}")
    parser.add_argument(
        "--images", type=Path, metavar="FOLDER", required=True,
        help="pictures that the network was not trained on, labelled by its classes: in one "
        "subfolder for each class, or with --labels; or a file of arrays, HDF5 or .npz; or, "
        "without labels, in the folder itself",
    )  # fmt: skip
    parser.add_argument("--labels", metavar="TABLE", help="a CSV or TSV file in the folder")
    parser.add_argument(
        "--classes", nargs="+", metavar="NAME",
        help="the classes in the order of the network's outputs; alphabetical if left out",
    )  # fmt: skip
    parser.add_argument(
        "--scaling", default="none", choices=SCALINGS,
        help="what the network is given for pixels in [0, 1]: none: these, or it scales them by a "
        "layer of its own; 255: pixels in [0, 255]; tf: in [-1, 1]; torch: by ImageNet's mean and "
        "deviation; caffe: blue first, less ImageNet's mean. Checked by the labelled pictures",
    )  # fmt: skip
    parser.add_argument(
        "--size", type=int, metavar="PIXELS", help="of a network that takes images of any size"
    )
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="the study's; called as the file if left out"
    )
    parser.add_argument(
        "--implausible", action="store_true",
        help="go on where the labelled pictures say that the network is not read as it was meant",
    )  # fmt: skip
    parser.add_argument("--only-make", action="store_true", help="make the study, do not run it")
    parser.set_defaults(tfds=None, value_range=None)  # as `command.pictures` reads them
    return parser


def make(target: Path, arguments: argparse.Namespace) -> str:
    """Write the study's folder, and return its cell.

    Raises:
        UserError: the network, the pictures or the place are wrong.
    """
    folder.require_free(target)
    _require_network(arguments.file)
    folder.require_outside(target, arguments.images)
    pictures = _pictures(arguments)
    asked = enough.test_line(pictures.found.to_test_with(_TEST_FRACTION), balanced=False)
    for line in filter(None, [*pictures.found.description(), *pictures.remarks, asked]):
        print(escaped(line))
    network = _stated(arguments)
    opened = _opened(network, pictures.found, arguments.size)
    for note in opened.notes:
        print(f"{arguments.file.name}: {note}")
    height, width, channels = opened.model.input_shape[1:]
    model, dataset = _model_name(arguments.file), command_of_new.dataset_name(target)
    seen = {"size": [height, width], "colour": unlabelled.COLOURS[channels]}
    source = {
        "fetch": pictures.fetch | seen,
        "preprocess": {"test_fraction": _TEST_FRACTION},
        "normalisation": "auto",
        "augmentation": "none",
    }
    contents = texts.Contents(
        budget="cpu",
        datasets={dataset: texts.entry(dataset, source)},
        models=(),
        schedules={},
        saved={model: network},
    )
    cell = f"{model}-{dataset}"
    stages = _print_expected_time(contents, cell, (height, width, channels), pictures.found)
    readme = _README.format(
        name=target.name,
        file=arguments.file.name,
        images=pictures.found.images,
        classes=len(pictures.found.counts),
    )
    for note in folder.write(target, contents, readme):
        print(f"note: {note}")
    expected_time.begin_with(target, stages)
    return cell


def _require_network(file: Path) -> None:
    """Refuse what is not there, or a folder of something else. Raises UserError."""
    if not file.exists():
        raise UserError(f"{file}: no such file; expected a network: {_FILES}")
    if file.is_dir() and not program.kind_of(file):
        raise UserError(
            f"{file}: this is a folder, with neither a saved_model.pb nor an .onnx file; "
            f"expected a network: {_FILES}"
        )


def _stated(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says of the network, as params.yaml has it."""
    return {
        "architecture": "saved",
        "file": str(folder.plain(arguments.file)),
        "scaling": arguments.scaling,
        **({"classes": arguments.classes} if arguments.classes else {}),
    }


def _without_labels(arguments: argparse.Namespace) -> bool:
    images = arguments.images
    return (
        images.is_dir()
        and not arguments.labels
        and not any(path.is_dir() and not is_hidden(path.name) for path in images.iterdir())
    )


def _explained_as_they_are(arguments: argparse.Namespace) -> Path:
    """Explain pictures without labels, and return the page's path. Raises UserError."""
    if arguments.only_make:
        raise UserError(
            f"--only-make: the pictures in {arguments.images} have no labels, so that no study is "
            "made of them: put those of each class into a subfolder, or name a table by --labels"
        )
    _require_network(arguments.file)
    target = arguments.to or Path(f"{_place(arguments.file)}_unlabelled")
    target = folder.named(target)
    folder.require_outside(target, arguments.images)
    network = validated(Path("explain-model"), "", Network, _stated(arguments))
    defaults = folder.REPOSITORY / params.PARAMS
    return unlabelled.explain(network, arguments.size, arguments.images, target, defaults)


def _pictures(arguments: argparse.Namespace) -> inspection.Pictures:
    images = arguments.images
    pictures = command_of_new.pictures(arguments)
    place = images / arguments.labels if arguments.labels else images
    pictures.found.require_enough(place, each_class=True)
    return pictures


def _opened(options: dict[str, Any], found: inspection.Found, size: int | None) -> "Flattened":
    """Open the network as `open` will, so that what is wrong with it is told before all else."""
    runtime.require_tensorflow("explaining")
    runtime.load_keras()
    from heatproof.models import existing

    network = validated(Path("explain-model"), "", Network, options)
    asked = None if size is None else (size, size)
    shape = existing.own_shape(network, asked)
    unlabelled.require_pictures_fit(network, shape)
    bare = existing.unscaled(network, shape)
    return existing.opened(network, bare, sorted(found.counts))


def _place(file: Path) -> Path:
    """Return where the study is made if nothing is said: called as the file, and not in its place.

    file: which may be a folder.
    """
    name = re.sub(r"\W+", "_", file.stem).strip("_") or "model"
    return Path(f"{name}_study" if Path(name).resolve() == file.resolve() else name)


def _model_name(file: Path) -> str:
    name = re.sub(r"\W+", "_", file.stem, flags=re.ASCII).strip("_").lower()
    return name if name[:1].isalpha() else f"network_{name}".strip("_")


def _print_expected_time(
    contents: texts.Contents, cell: str, shape: tuple[int, int, int], found: inspection.Found
) -> dict[str, expected_time.Stages]:
    training = found.to_train_with(_TEST_FRACTION)
    tests = found.tested or found.images - sum(training.values())
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / params.PARAMS
        file.write_text(texts.params_text(folder.originals()[0], contents), encoding="utf-8")
        stages = expected_time.of_cells(file, [cell], shape, training, tests)
    print("expected on this machine, an estimate from a few timed passes:")
    for line in map(expected_time.line, stages.items()):
        print(f"  {line}")
    return stages


def _there_already(target: Path, arguments: argparse.Namespace) -> str:
    """Return the cell of a study that an earlier call has made.

    Raises:
        UserError: it is another's, or the command line says otherwise than its params.yaml.
    """
    file = target / params.PARAMS
    study = params.load(file)
    path = str(folder.plain(arguments.file))
    cells = [
        name for name, cell in study.saved.items() if str(folder.plain(target / cell.file)) == path
    ]
    if not cells:
        raise UserError(
            f"{target}: a study is there, and not of {arguments.file}; choose another --to"
        )
    cell = study.cell(cells[0])
    network, fetch = study.models[cell.model].network, study.dataset(cell.dataset).fetch
    assert isinstance(network, Network)
    reads = str(folder.plain(target / getattr(fetch, "reads", "")))
    for option, given, there in (
        ("--scaling", arguments.scaling, network.scaling),
        ("--classes", arguments.classes, network.classes),
        ("--images", str(folder.plain(arguments.images)), reads),
        ("--labels", arguments.labels, getattr(fetch, "labels", None)),
    ):
        if given != there and given not in (None, "none"):
            raise UserError(
                f"{option} {given}: {file} has {there} from before; change it there, or choose "
                "another --to"
            )
    return cells[0]


def _run(target: Path, *stages: str) -> None:
    """Run a study, or some of its stages, by `heatproof repro`; end as that does if it fails."""
    sys.stdout.flush()
    if code := interrupts.left_to([sys.executable, "-m", "tools.repro", *stages], target):
        sys.exit(code)
