"""What a stage's command line names, looked up before Keras is loaded, which takes seconds."""

import argparse
from collections.abc import Sequence

from heatproof.config import params
from heatproof.run.errors import UserError, nearest


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
    return params.load(), _parser(description).parse_args().cell


def read_family(description: str, families: Sequence[str]) -> tuple[params.Params, str, str]:
    """Return what `read` does, and the name after --family.

    Raises:
        UserError: it is none of `families`.
    """
    parser = _parser(description)
    parser.add_argument("--family", required=True, help=f"one of: {', '.join(families)}")
    given = parser.parse_args()
    if given.family not in families:
        raise UserError(
            f"--family {given.family}: unknown{nearest(given.family, list(families))}; known: "
            f"{', '.join(families)}"
        )
    return params.load(), given.cell, given.family


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    return parser
