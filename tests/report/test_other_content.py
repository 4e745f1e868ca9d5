"""Valid files with other content than their stage wrote: refused where they are read, by name."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.explain import EXPLAINED
from heatproof.config.params import Params
from heatproof.report import study
from heatproof.run.errors import UserError
from heatproof.storage import paths

CELL = "simple_cnn-digits"
OTHER = "baseline_cnn-digits"
KINDS = {
    "preprocess@digits": (paths.metrics("preprocess", "digits"), paths.processed("digits")),
    f"train@{CELL}": (
        paths.metrics("train", CELL), paths.timing("train", CELL), paths.history(CELL)),
    f"evaluate@{CELL}": (
        paths.metrics("evaluate", CELL), paths.timing("evaluate", CELL), paths.predictions(CELL)),
    f"assess@{CELL}": (paths.metrics("assess", CELL),),
} | {
    f"measure_{family}@{CELL}": (paths.trust(CELL, family),) for family in STAGE_FAMILIES
} | {
    f"explain_{family}@{CELL}": (
        paths.metrics(f"explain_{family}", CELL), paths.explanations(CELL, family))
    for family in EXPLAINED
}  # fmt: skip
FILES = [(stage, path) for stage, files in KINDS.items() for path in files]


def others(path: Path, content: Any) -> Iterator[Any]:
    """Yield what is of the same format, and says something else."""
    if path.suffix == ".npz":
        yield {}
        yield {"x": np.zeros(3)}
        yield {name: array[:-1] if array.ndim else array for name, array in content.items()}
        for name, array in content.items():
            yield content | {name: array.astype(np.str_)}
            yield content | {name: array[..., None]}
            yield {other: value for other, value in content.items() if other != name}
        return
    yield from ({}, [], [content], None, 3, {"accuracy": 1})
    for key, value in content.items():
        yield {other: value for other, value in content.items() if other != key}
        yield from (
            content | {key: wrong} for wrong in ({}, [value], "text", None) if wrong != value
        )
        if isinstance(value, float | int):
            yield content | {key: value + 1}


def written(path: Path, content: Any) -> None:
    if path.suffix == ".npz":
        np.savez(path, **content)
    else:
        path.write_text(json.dumps(content))


def read_all(params: Params) -> None:
    """Read all that the report does of a cell."""
    cell = next(cell for cell in study.collect(params).cells if cell.name == CELL)
    cell.explanations(), cell.trust(), cell.predictions(), cell.test_images()
    for family in ("features", "counterfactual"):
        cell.findings(family)


@pytest.mark.parametrize(("stage", "path"), FILES, ids=[path.as_posix() for _, path in FILES])
def test_other_content_of_the_same_format(small_study: Params, stage: str, path: Path) -> None:
    read_all(small_study)
    message = rf"{path.name}: .*`dvc repro -f {stage}`"
    if path.suffix == ".csv":
        for text in ("a,b\n1,2\n", path.read_text().replace("0.", "x.", 3), "epoch\n"):
            path.write_text(text)
            with pytest.raises(UserError, match=message):
                read_all(small_study)
        return
    content = dict(np.load(path)) if path.suffix == ".npz" else json.loads(path.read_text())
    another = Path(str(path).replace(CELL, OTHER))
    if another != path:
        shutil.copy(another, path)
        with pytest.raises(UserError, match=message):
            read_all(small_study)
    every = list(others(path, content))
    for other in every[:: len(every) // 3 + 1]:
        written(path, other)
        with pytest.raises(UserError, match=message):
            read_all(small_study)
