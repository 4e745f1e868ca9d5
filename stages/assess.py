"""Measure whether a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.assess", uses="tensorflow", check="heatproof.config.arguments:check")

from heatproof.config import arguments
from heatproof.run import runtime
from heatproof.trust.assess import assess


def main() -> None:
    study, cell = arguments.read("Measure how far explanations can be believed.")
    runtime.configure(study.threads, study.seed)
    assess(study, cell)
