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


def read(description: str) -> tuple[params.Params, str]:
    """Return params.yaml and the name after --cell, for a program of the described purpose."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    cell = parser.parse_args().cell
    return params.load(), cell
