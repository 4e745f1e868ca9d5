"""Find what flips predictions. `python -m stages.explain_counterfactual --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.explain_counterfactual", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.attribution.core.method import GRADIENTS
from heatproof.attribution.explaining import explain
from heatproof.config import arguments
from heatproof.counterfactuals.counterfactual import find


def main() -> None:
    study, cell = arguments.read("Find what would flip a trained cell's predictions.")
    explain(study, cell, "counterfactual", find, GRADIENTS)
