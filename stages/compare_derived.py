"""Compare a derived network with its origin. `python -m stages.compare_derived --run <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.compare_derived", uses="tensorflow", check="heatproof.config.arguments:check"
    )

import argparse

from heatproof.comparisons.derived_comparison import compare_derived
from heatproof.config import params
from heatproof.run import runtime


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Compare a derived network with the one that it is derived from: accuracy, "
        "size, time, and whether its maps are still the same. "
        "`dvc repro compare_derived@CELL` does it with all that it needs.",
    )
    parser.add_argument(
        "--run", required=True, metavar="CELL", help="a cell that params.yaml lists under derived"
    )
    study, cell = params.load(), parser.parse_args().run
    runtime.configure(study.threads, study.seed)
    compare_derived(study, cell)
