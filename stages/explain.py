"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.explain", uses="tensorflow", check="heatproof.config.arguments:check")

import argparse

from heatproof.attribution import explaining
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.attribution.registry import STAGES
from heatproof.config import params
from heatproof.run import runtime, tracking
from heatproof.run.errors import UserError, nearest
from heatproof.storage import artifacts


def main() -> None:
    parser = argparse.ArgumentParser(description="Explain a trained cell's predictions.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    parser.add_argument("--family", required=True, help=f"one of: {', '.join(STAGES)}")
    arguments = parser.parse_args()
    explain_cell(arguments.cell, arguments.family)


def explain_cell(cell: str, family: str) -> None:
    """Explain the chosen test images by a family; write what it finds, metrics, timing.

    Raises:
        UserError: the cell or family is unknown, or an earlier stage's file is missing or does not
            fit.
    """
    study = params.load()
    study.cell(cell)
    if family not in STAGES:
        raise UserError(
            f"--family {family}: unknown{nearest(family, list(STAGES))}; known: {', '.join(STAGES)}"
        )
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
