"""Explain a cell's predictions. `python -m stages.explain --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.explain", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.attribution.explaining import attributions, explain
from heatproof.config import arguments


def main() -> None:
    study, cell, family = arguments.read_family("Explain a trained cell's predictions.")
    explain(study, cell, family, attributions)
