"""Compare a cell's maps with those after labels without meaning.

`python -m stages.assess_shuffled --cell <cell>`; a stage of its own because only some cells are
trained on shuffled labels.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.assess_shuffled", uses="tensorflow", check="heatproof.config.arguments:check"
    )

import argparse

from heatproof.config import params
from heatproof.run import runtime
from heatproof.trust.shuffled import assess_shuffled


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare maps with those after shuffled labels.")
    parser.add_argument("--cell", required=True, help="a cell listed under `shuffled`")
    cell = parser.parse_args().cell
    study = params.load()
    runtime.configure(study.threads, study.seed)
    assess_shuffled(study, cell)
