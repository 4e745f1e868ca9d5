"""What a stage's command line names, looked up before Keras is loaded, which takes seconds."""

import argparse

from heatproof.config import params


def check() -> None:
    """Read params.yaml, and refuse a `--cell` or `--run` that it does not have.

    Raises:
        UserError: it is not valid, or the name is unknown.
    """
    study = params.load()
    parser = argparse.ArgumentParser(add_help=False, usage=argparse.SUPPRESS)
    parser.add_argument("--cell", type=study.cell)
    parser.add_argument("--run", type=study.run)
    parser.parse_known_args()
