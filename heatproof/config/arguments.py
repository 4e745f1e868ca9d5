"""What a command line names, looked up before Keras is loaded, which takes seconds."""

import argparse
from collections.abc import Sequence

from heatproof.attribution.registry import STAGE_FAMILIES
from heatproof.config import params
from heatproof.run.errors import UserError, require_known


def check() -> None:
    """Read params.yaml, and refuse a `--cell`, `--run`, `--family` or `--domain` that it has not.

    Raises:
        UserError: it is not valid, or the name is unknown.
    """
    study = params.load()
    parser = argparse.ArgumentParser(add_help=False, usage=argparse.SUPPRESS)
    parser.add_argument("--cell", type=study.cell)
    parser.add_argument("--run", type=study.run)
    parser.add_argument("--family", type=_family)
    parser.add_argument("--domain", type=study.dataset)
    parser.parse_known_args()


def read(description: str) -> tuple[params.Params, str]:
    """Return params.yaml and the name after --cell, for a program of the described purpose."""
    return params.load(), _parser(description).parse_args().cell


def read_family(description: str) -> tuple[params.Params, str, str, int | None]:
    """Return what `read` does, the name after --family, and the number after --block if any."""
    parser = _parser(description)
    parser.add_argument("--family", required=True, help=f"one of: {', '.join(STAGE_FAMILIES)}")
    parser.add_argument(
        "--block",
        type=int,
        metavar="N",
        help="compute only this block of images, from 0, for the stage to find it there",
    )
    given = parser.parse_args()
    if given.block is not None and given.block < 0:
        raise UserError(f"--block {given.block}: expected a number from 0 on")
    return params.load(), given.cell, _family(given.family), given.block


def read_domain(description: str) -> tuple[params.Params, str, str]:
    """Return what `read` does, and the name after --domain."""
    parser = _parser(description)
    parser.add_argument("--domain", required=True, help="another dataset of params.yaml")
    given = parser.parse_args()
    return params.load(), given.cell, given.domain


def only(cells: Sequence[str], kind: str = "trained") -> str:
    """Return the cell that is meant where a command line names none: the one there is.

    Args:
        cells: those that it may be.
        kind: what these are, for the message.

    Raises:
        UserError: there are several, which are listed, or none.
    """
    if len(cells) == 1:
        return cells[0]
    known = f"{kind} are {', '.join(cells)}" if cells else f"none is {kind} yet"
    raise UserError(f"which cell? name it; {known}")


def _family(name: str) -> str:
    require_known(f"--family {name}: unknown", name, STAGE_FAMILIES)
    return name


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cell", required=True, help="a cell of params.yaml, <model>-<dataset>")
    return parser
