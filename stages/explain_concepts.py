"""Seek concepts in a cell's network. `python -m stages.explain_concepts --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.explain_concepts", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.concepts.explain_concepts import explain_concepts
from heatproof.config import arguments
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Seek concepts in a cell's network.")
    runtime.configure(study.threads, study.seed)
    explain_concepts(study, cell)
