"""Measure and visualise a cell's filters. `python -m stages.explain_features --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.explain_features", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.attribution.core.method import LAYERS
from heatproof.attribution.explaining import explain
from heatproof.config import arguments
from heatproof.features.features import find


def main() -> None:
    study, cell = arguments.read("Measure and visualise a trained cell's filters.")
    explain(study, cell, "features", find, LAYERS)
