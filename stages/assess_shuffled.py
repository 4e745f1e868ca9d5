"""Compare a cell's maps with those after labels without meaning.

`python -m stages.assess_shuffled --cell <cell>`; a stage of its own because only some cells are
trained on shuffled labels.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.assess_shuffled", uses="tensorflow", check="heatproof.config.arguments:check"
    )

from heatproof.config import arguments
from heatproof.run import runtime
from heatproof.trust.shuffled import assess_shuffled


def main() -> None:
    study, cell = arguments.read("Compare maps with those after shuffled labels.")
    runtime.configure(study.threads, study.seed)
    assess_shuffled(study, cell)
