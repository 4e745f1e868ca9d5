"""Runs whose networks are members of an ensemble, in params.yaml."""

from heatproof.config.schema import Block, Name


class Member(Block):
    """A run whose network is one of those of a derived cell."""

    cell: Name
    """A name under `derived`: an ensemble."""
    run: Name
    """A name under `runs`, one of those that the ensemble’s `way.runs` names."""


def member_name(cell: str, run: str) -> str:
    """Return what a run is called as a member of an ensemble."""
    return f"{cell}-of-{run}"
