"""The real params.yaml with something changed, and what is said of it."""

from pathlib import Path
from typing import Any

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from tests import overlay
from tests.scratch import real_params

REAL = Path(__file__).parents[2] / "params.yaml"


def with_known_cells() -> dict[str, Any]:
    """The real file, in which the cells that these tests name are there whatever it has."""
    content = real_params() | {"budget": "cpu", "seed": 42, "threads": 2}
    known = {
        f"{model}-{dataset}": {"model": model, "dataset": dataset}
        for model, dataset in (
            ("simple_cnn", "mnist"), ("resnet18", "mnist"), ("resnet18", "cifar10")
        )
    }  # fmt: skip
    further = {"model": "simple_cnn", "dataset": "mnist", "seed": 43}
    runs = {
        "simple_cnn-mnist-seed43": further,
        "simple_cnn-mnist-shuffled43": further | {"labels": "shuffled"},
    }
    trained = {k: v for k, v in content["cells"].items() if k not in content["derived"]}
    content["cells"] = known | trained
    # The file's own further runs would be called otherwise under another seed.
    content["runs"] = content["cells"] | runs
    for name in (*overlay.PLACES, "evaluate_on", "derived", "members"):
        content[name] = {}
    return content


def changed(folder: Path, key: str, value: object) -> Path:
    """A file of what `with_value` returns."""
    path = folder / "params.yaml"
    overlay.write(path, with_value(key, value))
    return path


def with_value(key: str, value: object) -> dict[str, Any]:
    """The real file with one value exchanged; a key that does not exist is added."""
    content = with_known_cells()
    *parents, last = key.split(".")
    block = content
    for parent in parents:
        block = block.setdefault(parent, {})
    if value is REMOVED:
        del block[last]
    else:
        block[last] = value
    return content


REMOVED = object()


def refused(folder: Path, key: str, value: object) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "read_yaml", lambda *_: with_value(key, value))
        with pytest.raises(UserError) as mistake:
            params.load(folder / "params.yaml")
    return str(mistake.value)
