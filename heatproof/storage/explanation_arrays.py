"""Attributions of a family of methods as named arrays, and back.

`map/<method>` are its maps, `number/<method>/<number>` its numbers, the others are called as in
`Explanations`.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.storage import fields
from heatproof.storage.records import Explanations, misfit


def joined(arrays: Mapping[str, np.ndarray], path: Path, made_by: str) -> Explanations:
    """Return the attributions of which these are the arrays.

    Args:
        arrays: as `parted` returns them.
        path: of the file that they were read from, for the message.
        made_by: the stage that writes it.

    Raises:
        UserError: they are none.
    """
    plain: dict[str, Any] = {}
    maps: dict[str, np.ndarray] = {}
    numbers: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        kind, _, method = name.partition("/")
        if kind == "map":
            maps[method] = array
        elif kind == "number":
            method, _, number = method.partition("/")
            numbers.setdefault(method, {})[number] = array
        else:
            plain[name] = array
    expected = {f.name for f in dataclasses.fields(Explanations)} - {"maps", "numbers"}
    missing = sorted(expected - plain.keys())
    problem = f"{', '.join(missing)} missing" if missing else misfit(Explanations, plain)
    shape = plain["images"].shape[:3] if not problem else ()
    for method, array in maps.items():
        if not problem and (array.dtype != np.float32 or array.shape != shape):
            problem = f"map/{method}: expected float32 {shape}, found {array.dtype} {array.shape}"
    fields.require(path, problem, made_by)
    plain["class_names"] = tuple(str(name) for name in plain["class_names"])
    return Explanations(maps=maps, numbers=numbers, **{name: plain[name] for name in expected})


def parted(content: Explanations) -> dict[str, np.ndarray]:
    """Return attributions as they are written.

    Raises:
        ValueError: a map is not float32, or not as high and wide as the images; or there are not as
            many numbers as rows.
    """
    rows, height, width = content.images.shape[:3]
    arrays = {f.name: getattr(content, f.name) for f in dataclasses.fields(content)}
    arrays = {n: a for n, a in arrays.items() if n not in ("maps", "numbers", "class_names")}
    for method, values in content.maps.items():
        if values.dtype != np.float32 or values.shape != (rows, height, width):
            raise ValueError(f"{method}: expected float32 {(rows, height, width)}")
        arrays[f"map/{method}"] = values
    for method, named in content.numbers.items():
        for name, values in named.items():
            if values.shape != (rows,):
                raise ValueError(f"{method}: {name}: expected {rows} numbers")
            arrays[f"number/{method}/{name}"] = values.astype(np.float32)
    arrays["class_names"] = np.array(content.class_names, dtype=np.str_)
    return arrays
