"""Measure what the published weight-randomisation table shows.

`python -m stages.published_sanity --cell <cell>`
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start(
        "stages.published_sanity", uses="tensorflow", check="heatproof.config.arguments:check"
    )

import argparse

from heatproof.config import params
from heatproof.run import runtime
from heatproof.trust.published import published_sanity


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the published table shows.")
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    cell = parser.parse_args().cell
    study = params.load()
    runtime.configure(study.threads, study.seed)
    published_sanity(study, cell)
