"""Which models a bench measures, and on which cell of theirs."""

from collections.abc import Mapping, Sequence

from heatproof.config import params
from heatproof.run.errors import UserError, nearest

# Of the datasets whose images need not be there.
SHAPES = {"mnist": (28, 28, 1), "fashion_mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
CLASSES = 10


def measurable(study: params.Params) -> dict[str, str]:
    """Return each model that is trained, with one of its cells whose images are of a known size."""
    return {
        parts.model: cell
        for cell, parts in study.cells.items()
        if parts.dataset in SHAPES and study.models[parts.model].is_trained
    }


def require_known(models: Sequence[str], cells: Mapping[str, str], *also: str) -> None:
    """Refuse a model that there is none of.

    Args:
        models: what `--models` says.
        cells: of `measurable`.
        also: what else could be said there.

    Raises:
        UserError: naming the model, the nearest one, and all there are.
    """
    for model in models:
        if model not in cells:
            raise UserError(
                f"--models {model}: unknown{nearest(model, list(cells))}; "
                f"known: {', '.join([*also, *cells])}"
            )
