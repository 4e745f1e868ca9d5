"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.explain", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.attribution import explaining
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import arguments, params
from heatproof.run import runtime, tracking
from heatproof.storage import artifacts


def main() -> None:
    _, cell, family = arguments.read_family("Explain a trained cell's predictions.")
    explain_cell(cell, family)


def explain_cell(cell: str, family: str) -> None:
    """Explain the chosen test images by a family; write what it finds, metrics, timing.

    Raises:
        UserError: the cell is unknown, or an earlier stage's file is missing or does not fit.
    """
    study = params.load()
    study.cell(cell)
    runtime.configure(study.threads, study.seed)
    explained = explaining.load(study, cell)
    options = getattr(study.explain, family)
    used = {
        "seed": study.seed,
        "threads": study.threads,
        "images": study.explain.images,
        family: options,
        "network": study.run(cell).network,
    }
    explain = explaining.explain if family in STAGE_FAMILIES else explaining.inspect
    stage = f"explain_{family}"
    with tracking.run(stage=stage, cell=cell, params=used) as run:
        metrics, timing, figure = explain(cell, family, explained, options)
        artifacts.write_metrics(stage, cell, metrics)
        artifacts.write_timing(stage, cell, timing)
        run.log_metrics(tracking.flattened(metrics) | timing)
        if figure is not None:
            run.log_figure(figure, f"{family}.png")
