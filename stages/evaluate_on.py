"""Try a cell on another dataset of the same classes.

`python -m stages.evaluate_on --cell <cell> --domain <dataset>`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.evaluate_on", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.domains.evaluate_on import evaluate_on
from heatproof.run import runtime


def main() -> None:
    study, cell, domain = arguments.read_domain("Evaluate and explain a cell on another dataset.")
    runtime.configure(study.threads, study.seed)
    evaluate_on(study, cell, domain)
