"""The search space of a cell as Optuna has it, and values as params.yaml has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from heatproof.config.params import Params
from heatproof.config.tuned import Values, run_with, value_of
from heatproof.run.errors import UserError
from heatproof.run.stage import PARAMS
from heatproof.tuning.options import Choices, Range

DIGITS = 4  # of a fraction that is drawn: more make no difference, and are hard to read


@dataclass(frozen=True)
class Space:
    """The parameters of a cell that are searched for, by key of `tune`.

    distributions: Optuna's; a choice is the JSON of its value, since it may be a list. start: what
    params.yaml has for each, None where it has nothing.
    """

    distributions: Mapping[str, BaseDistribution]
    start: Values

    def decoded(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Return what Optuna drew as values of params.yaml, fractions in DIGITS digits."""
        return {
            key: self._decoded(key, each, drawn[key]) for key, each in self.distributions.items()
        }

    def encoded(self, values: Values) -> dict[str, Any]:
        """Return values as Optuna has them."""
        return {
            key: _text(values[key]) if isinstance(each, CategoricalDistribution) else values[key]
            for key, each in self.distributions.items()
        }

    def _decoded(self, key: str, distribution: BaseDistribution, drawn: Any) -> Any:
        if isinstance(distribution, CategoricalDistribution):
            return json.loads(drawn)
        if not isinstance(distribution, FloatDistribution) or drawn == self.start[key]:
            return drawn
        rounded = float(f"{drawn:.{DIGITS}g}")
        return min(max(rounded, distribution.low), distribution.high)

    @property
    def outside(self) -> dict[str, Any]:
        """Those values of params.yaml that are not in the space."""
        return {
            key: value for key, value in self.start.items()
            if not _has(self.distributions[key], value)
        }  # fmt: skip

    @property
    def combinations(self) -> int | None:
        """How many different trials there are; None where there is no end of them."""
        number = 1
        for each in self.distributions.values():
            if isinstance(each, CategoricalDistribution):
                number *= len(each.choices)
            elif isinstance(each, IntDistribution):
                number *= (each.high - each.low) // each.step + 1
            elif isinstance(each, FloatDistribution) and each.step:
                number *= round((each.high - each.low) / each.step) + 1
            else:
                return None
        return number


def space_of(study: Params, cell: str) -> Space:
    """Return the search space of a cell.

    Raises:
        UserError: params.yaml lists none for it, or it is not trained.
    """
    if not study.models[study.cell(cell).model].is_trained:
        raise UserError(
            f"{PARAMS}: the network of '{cell}' is a saved or a derived one, which is not trained "
            "by a schedule: there is nothing to tune; name a cell that is trained"
        )
    if cell not in study.tune:
        raise UserError(
            f"{PARAMS}: tune has no '{cell}': add what is to be searched for, such as\n"
            f"tune:\n  {cell}:\n    schedules.learning_rate: {{low: 0.0001, high: 0.01, log: true}}"
        )
    search, run = study.tune[cell], study.run(cell)
    return Space(
        {key: _distribution(study, cell, key, values) for key, values in search.items()},
        {key: value_of(run, key) for key in search},
    )


def _distribution(study: Params, cell: str, key: str, values: Range | Choices) -> BaseDistribution:
    if isinstance(values, Choices):
        return CategoricalDistribution([_text(value) for value in values.choices])
    if _is_whole(study, cell, key, values):
        low, high, step = int(values.low), int(values.high), int(values.step or 1)
        return IntDistribution(low, high, log=values.log, step=step)
    step = None if values.step is None else float(values.step)
    return FloatDistribution(float(values.low), float(values.high), log=values.log, step=step)


def _is_whole(study: Params, cell: str, key: str, values: Range) -> bool:
    """Whether a range is of whole numbers: written so, of a parameter that takes no others."""
    if not all(isinstance(each, int) for each in (values.low, values.high, values.step or 1)):
        return False
    try:
        run_with(study, cell, {key: values.low + 0.5})
    except UserError:
        return True
    return False


def _has(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return _text(value) in distribution.choices
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if not distribution.low <= value <= distribution.high:
        return False
    steps = (value - distribution.low) / (distribution.step or 1)
    return distribution.step is None or abs(steps - round(steps)) < 1e-9 * max(1.0, steps)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
