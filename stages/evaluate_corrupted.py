"""Try a cell on corrupted copies of its test images.

`python -m stages.evaluate_corrupted --cell <cell>`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.evaluate_corrupted", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.config import arguments
from heatproof.domains.corrupted import evaluate_corrupted
from heatproof.run import runtime


def main() -> None:
    study, cell = arguments.read("Evaluate and explain a cell on corrupted test images.")
    runtime.configure(study.threads, study.seed)
    evaluate_corrupted(study, cell)
