"""Compare a cell with its run of another seed. `python -m stages.compare_runs --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.compare_runs", uses="tensorflow", check="heatproof.config.arguments:check"
    )

import argparse

from heatproof.config import params
from heatproof.features.run_comparison import compare_runs
from heatproof.run import runtime


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a cell with its run of another seed.")
    parser.add_argument("--cell", required=True, help="a cell listed under `compared`")
    cell = parser.parse_args().cell
    study = params.load()
    runtime.configure(study.threads, study.seed)
    compare_runs(study, cell)
