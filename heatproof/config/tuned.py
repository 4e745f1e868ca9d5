"""A cell with other values of the parameters that `tune` lists, each checked as params.yaml is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.config.models import Model
from heatproof.config.runs import Run
from heatproof.config.validation import validated
from heatproof.run.errors import UserError, nearest, shown_value
from heatproof.run.stage import PARAMS
from heatproof.tuning.options import Choices, Range

if TYPE_CHECKING:
    from heatproof.config.params import Params

Values = Mapping[str, Any]  # by key of `tune`


def place(study: "Params", cell: str, key: str) -> tuple[str, ...]:
    """Return where in params.yaml a cell's parameter stands, as keys from the top.

    A schedule's is that of the cell's dataset under the study's budget, and so is `training`, so
    that the model's other cells stay as they are. A network's options are all its cells'.
    """
    chosen = study.cell(cell)
    kind, *rest = key.split(".")
    if kind == "network":
        return ("models", chosen.model, kind, *rest)
    within = () if kind == "schedules" else (kind,)
    return ("models", chosen.model, "schedules", study.budget, chosen.dataset, *within, *rest)


def run_with(study: "Params", cell: str, values: Values, path: Path = PARAMS) -> Run:
    """Resolve a cell's own run with other values of some parameters.

    Args:
        study: the parameters.
        cell: whose.
        values: of the parameters, by key of `tune`.
        path: of the parameters, for messages.

    Raises:
        UserError: a value is refused, as it would be in params.yaml.
    """
    name = study.cell(cell).model
    content = study.models[name].model_dump(exclude_unset=True)
    for key, value in values.items():
        *above, last = place(study, cell, key)[2:]
        block = content
        for part in above:
            block = block.setdefault(part, {})
            if not isinstance(block, dict):
                raise UserError(f"{path}: models.{name} has nothing below {part}: correct {key}")
        block[last] = value
    model = validated(path, f"models.{name}.", Model, content)
    return study.model_copy(update={"models": {**study.models, name: model}}).run(cell)


def value_of(run: Run, key: str) -> Any:
    """Return what a run has for a key of `tune`, as plain data; None where there is nothing."""
    kind, *rest = key.split(".")
    value: Any = {"schedules": run.schedule}.get(kind, getattr(run, kind, None))
    for part in rest:
        value = getattr(value, part, None)
    return value


def extremes(values: Range | Choices) -> Sequence[Any]:
    """Return the values that are checked: both ends of a range, or each choice."""
    return values.choices if isinstance(values, Choices) else (values.low, values.high)


def check_tune(path: Path, study: "Params") -> None:
    """Refuse to search for what cannot be: of no cell, or values that params.yaml would not take.

    Each value is tried with the other parameters as they are.

    Raises:
        UserError: naming the cell, the key and the value.
    """
    for cell, search in study.tune.items():
        if cell not in study.cells:
            raise UserError(
                f"{path}: tune.{cell}: there is no such cell{nearest(cell, list(study.cells))}; "
                "name one of cells, or remove it"
            )
        if not study.models[study.cells[cell].model].is_trained:
            raise UserError(
                f"{path}: tune.{cell}: its network is a saved or a derived one, which is not "
                "trained by a schedule; remove it"
            )
        for key, values in search.items():
            for value in extremes(values):
                try:
                    run_with(study, cell, {key: value}, path)
                except UserError as error:
                    reason = str(error).removeprefix(f"{path}: ")
                    raise UserError(
                        f"{path}: tune.{cell}: {key}: {shown_value(value)} is not possible: "
                        f"{reason}"
                    ) from None
