"""What a measure of attributions is: its record, and the functions that take it.

A measure's name may have a variant behind a slash: the baseline or perturbation it was taken with.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from heatproof.attribution.core.method import PREDICTIONS, Needs, Passes
from heatproof.config.schema import Block
from heatproof.trust.controls import CONTROLS

if TYPE_CHECKING:
    from heatproof.trust.assessment import Assessment

# measure -> method or control -> float64 (rows,): all rows, or the first of a slow method.
Table = dict[str, dict[str, np.ndarray]]

GROUPS = ("truth", "faithfulness", "sanity", "robustness", "simplicity")
GROUP_LABELS = {
    "truth": "Ground truth",
    "faithfulness": "Faithfulness",
    "sanity": "Sanity",
    "robustness": "Robustness",
    "simplicity": "Simplicity",
}

# What a pixel that is taken away is replaced by.
BASELINES = ("black", "mean", "blurred")
BASELINE_LABELS = {"black": "black", "mean": "mean colour", "blurred": "blurred"}


@dataclass(frozen=True)
class Measure:
    """A measure's record: all that a table or a reader has to know of it.

    name: in metrics and arrays. label: in a table's head. group: one of `GROUPS`. meaning: what it
    measures, continuing a sentence. reference: paper. unit: of its values. better: which way, or
    None where neither is. per_baseline: taken under several, whose rankings are compared.
    ranked_by_magnitude: a mean counts by its size, since an inverted map is as similar as an equal
    one. shown: in the tables that show one measure of each kind. controls: those which, where they
    rank above most methods, show that it says nothing of them.
    """

    name: str
    label: str
    group: str
    meaning: str
    reference: str
    unit: str
    better: Literal["higher", "lower"] | None
    per_baseline: bool = False
    ranked_by_magnitude: bool = False
    shown: bool = False
    controls: tuple[str, ...] = tuple(CONTROLS)

    def merit(self, mean: float) -> float:
        """Return a mean as a number that grows the better it is."""
        if self.ranked_by_magnitude:
            return -abs(mean)
        return -mean if self.better == "lower" else mean

    @property
    def one_sided(self) -> bool:
        """Whether a map that knows nothing may pass, as noise does: only failing it tells."""
        return self.group in ("sanity", "robustness")


# How similar a map is to that of another network, which should see nothing alike.
similarity_measure = partial(
    Measure,
    group="sanity",
    reference="Adebayo et al. 2018, https://arxiv.org/abs/1810.03292",
    unit="1, from −1 to 1",
    better="lower",
    ranked_by_magnitude=True,
)


@dataclass(frozen=True)
class Result:
    """What measures of a family give.

    values: see `Table`. curves: name -> array, stored beside the values: float32 (points,), or what
    the measure says. metrics: what is shown beside the means. per_image: name -> (rows, ...), what
    curves and metrics are means of, by which those of several blocks of images are joined.
    """

    values: Table
    curves: dict[str, np.ndarray] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    per_image: dict[str, np.ndarray] = field(default_factory=dict)


Overall = tuple[dict[str, np.ndarray], dict[str, Any]]  # curves, metrics


@dataclass(frozen=True)
class Work:
    """What is measured of a cell: how many images, how many maps of each, and to make them again.

    explain, explain_fast: the passes that make all maps again, and all but those of slow methods.
    first: whether the first family is measured, with which what is common to all is computed.
    tensor_maps: how many methods there are whose map has a gradient.
    """

    images: int
    maps: int
    explain: Passes
    explain_fast: Passes
    first: bool
    tensor_maps: int = 0


@dataclass(frozen=True)
class Family:
    """Measures that are taken together.

    measures: their records. take: (assessment, options) -> Result. options: its block under
    `assess.measures` in params.yaml; None where it is no part of `assess` but a stage of its own.
    needs: what they ask of the network beside what the methods do.
    passes: (options, work) -> the passes that they take, about.
    overall: (the result of some images, `per_image` of more) -> the curves and metrics of these;
    None where there are no such.
    """

    measures: tuple[Measure, ...]
    take: "Callable[[Assessment, Any], Result]"
    options: type[Block] | None = Block
    needs: Needs = PREDICTIONS
    passes: Callable[[Any, Work], Passes] = lambda options, work: Passes()
    overall: "Callable[[Result, dict[str, np.ndarray]], Overall] | None" = None


def by_measure(values: dict[str, dict[str, np.ndarray]], prefix: str = "") -> Table:
    """Turn method -> number -> values to `<prefix><number>` -> method -> values."""
    table: Table = {}
    for method, numbers in values.items():
        for number, each in numbers.items():
            table.setdefault(prefix + number, {})[method] = each
    return table


def by_variant(measured: dict[str, dict[str, dict[str, np.ndarray]]]) -> Table:
    """Turn variant -> method -> number -> values to `<number>/<variant>` -> method -> values."""
    return {
        f"{number}/{variant}": by_method
        for variant, numbers in measured.items()
        for number, by_method in by_measure(numbers).items()
    }


def base(measure: str) -> str:
    """Return a measure's name without its variant."""
    return measure.partition("/")[0]
