"""Derive the network of a cell from another's. `python -m stages.derive --run <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.derive", uses="tensorflow", check="heatproof.config.arguments:check")

import argparse

from heatproof.config import params
from heatproof.derived.deriving import derive_cell
from heatproof.run import runtime


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Derive the network of a cell from that of another: smaller, or an ensemble. "
        "`dvc repro derive@CELL` does it with all that it needs.",
    )
    parser.add_argument(
        "--run", required=True, metavar="CELL", help="a cell that params.yaml lists under derived"
    )
    study = params.load()
    run = study.derived_run(parser.parse_args().run)
    trains = run.schedule is not None
    runtime.configure(run.threads, run.seed, run.training.mixed_precision, training=trains)
    for line in derive_cell(study, run):
        print(f"derive {run.cell}: {line}", flush=True)
