"""Put a run's weights among those of an ensemble. `python -m stages.join --member <cell>-of-<run>`

They are copied as they are into the folder data/members/<cell>, which the ensemble's derivation
depends on.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.join")

import argparse

from heatproof.config import params
from heatproof.storage import atomic, paths
from heatproof.storage.formats import require


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Put a run's weights among those of an ensemble.",
    )
    parser.add_argument(
        "--member", required=True, metavar="MEMBER", help="a name of params.yaml under members"
    )
    join(parser.parse_args().member)


def join(name: str) -> None:
    """Copy the weights of the member called `name`.

    Raises:
        UserError: it is unknown, or its run is not trained.
    """
    member = params.load().member(name)
    weights = paths.weights(member.run)
    require(weights, f"train@{member.run}")
    atomic.write_bytes(paths.member(member.cell, member.run), weights.read_bytes())
    print(f"join {name}: {weights.as_posix()} is among the members of {member.cell}", flush=True)
