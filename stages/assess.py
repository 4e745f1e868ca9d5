"""Measure whether a cell's explanations can be believed. `python -m stages.assess --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.assess", uses="tensorflow", check="heatproof.config.arguments:check")

import argparse

from heatproof.config import params
from heatproof.run import runtime
from heatproof.trust.assess import assess


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how far explanations can be believed.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    cell = parser.parse_args().cell
    study = params.load()
    runtime.configure(study.threads, study.seed)
    assess(study, cell)
