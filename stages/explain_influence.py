"""Find influential training images. `python -m stages.explain_influence --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.explain_influence", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.config import arguments
from heatproof.influence.explain_influence import explain_influence
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Find the training images that speak for a cell's predictions.")
    runtime.configure(study.threads, study.seed)
    explain_influence(study, cell)
