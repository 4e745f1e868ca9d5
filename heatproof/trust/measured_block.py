"""What was measured of a block of images, as it is kept in a file, and several of them as one.

What is said of all images, such as mean curves, is computed when they are joined, from the values
of each; all else of a block does not depend on the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heatproof.storage.blocks import Block
from heatproof.trust.measure import Result
from heatproof.trust.registry import FAMILIES

# How arrays of a result are called in a file: <kind>/<family of measures>/<name in the result>.
_VALUE, _CURVE, _IMAGE, _COMMON = "value", "curve", "image", "common"


@dataclass(frozen=True)
class Measured:
    """What the families of measures gave of some images, in their order.

    seconds: of each family. in_common: name -> (n, ...), see `Assessment.common`.
    """

    results: dict[str, Result]
    seconds: dict[str, float]
    in_common: Mapping[str, np.ndarray]


def as_block(measured: Measured) -> Block:
    """Return it as it is kept."""
    arrays: dict[str, np.ndarray] = {f"{_COMMON}/{n}": a for n, a in measured.in_common.items()}
    for family, result in measured.results.items():
        for measure, by_method in result.values.items():
            arrays |= {f"{_VALUE}/{family}/{measure}/{m}": each for m, each in by_method.items()}
        for kind, named in ((_CURVE, result.curves), (_IMAGE, result.per_image)):
            arrays |= {f"{kind}/{family}/{name}": each for name, each in named.items()}
    metrics = {family: result.metrics for family, result in measured.results.items()}
    return Block(arrays, {"metrics": metrics, "seconds": measured.seconds})


def of_block(block: Block) -> Measured:
    """Return what `as_block` made a block of."""
    metrics = block.record["metrics"]
    results = {family: Result({}, {}, metrics[family], {}) for family in metrics}
    in_common = {}
    for name, array in block.arrays.items():
        kind, family, rest = (*name.split("/", 2), "")[:3]
        if kind == _COMMON:
            in_common[name.partition("/")[2]] = array
        elif kind == _VALUE:
            measure, _, method = rest.rpartition("/")
            results[family].values.setdefault(measure, {})[method] = array
        else:
            result = results[family]
            (result.curves if kind == _CURVE else result.per_image)[rest] = array
    return Measured(results, block.record["seconds"], in_common)


def joined(parts: Sequence[Measured]) -> Measured:
    """Return several blocks as one; a single one as it is.

    A slow method may have values of the first images only, and so none in later blocks.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    results = {
        family: _joined(family, [part.results[family] for part in parts])
        for family in first.results
    }
    seconds = {n: round(sum(part.seconds[n] for part in parts), 3) for n in first.seconds}
    return Measured(results, seconds, _concatenated([part.in_common for part in parts]))


def _joined(family: str, parts: Sequence[Result]) -> Result:
    first = parts[0]
    values = {
        measure: _concatenated([part.values.get(measure, {}) for part in parts])
        for measure in first.values
    }
    per_image = _concatenated([part.per_image for part in parts])
    overall = FAMILIES[family].overall
    if overall is None:
        if first.curves or first.metrics:
            raise TypeError(f"{family}: it has curves or metrics, and no `overall` to join them")
        return Result(values)
    curves, metrics = overall(first, per_image)
    return replace(first, values=values, curves=curves, metrics=metrics, per_image=per_image)


def _concatenated(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Join arrays by name along the images; a later part may lack some."""
    return {
        name: np.concatenate([part[name] for part in parts if name in part]) for name in parts[0]
    }
