"""How much of a cell's test accuracy is chance: its runs from other seeds, beside its own."""

from typing import Any

from heatproof.config.params import Params
from heatproof.statistics.spread import FEWEST, spread
from heatproof.storage import artifacts, paths


def over_seeds(study: Params, cell: str) -> dict[str, Any] | None:
    """Return how the test accuracy of a cell's evaluated runs varies from seed to seed.

    Returns:
        seeds: of the runs, the cell's own first. accuracy: see `spread`. None where fewer than
        FEWEST are evaluated: they say little of a standard deviation.

    Raises:
        UserError: a file of metrics is damaged.
    """
    accuracies = {
        run.seed: artifacts.read_metrics("evaluate", run.name, ("accuracy",))["accuracy"]
        for run in study.seed_runs(cell)
        if paths.metrics("evaluate", run.name).exists()
    }
    if len(accuracies) < FEWEST:
        return None
    return {"seeds": list(accuracies), "accuracy": spread(list(accuracies.values()))}
