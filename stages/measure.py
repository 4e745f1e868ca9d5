"""Measure a family's attributions. `python -m stages.measure --cell <cell> --family gradients`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.measure", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.run import runtime
from heatproof.trust.measuring import measure


def main() -> None:
    study, cell, family = arguments.read_family("Measure a family's attributions.")
    runtime.configure(study.threads, study.seed)
    measure(study, cell, family)
