"""Blocks of images on a cluster's node: one is computed, or all are brought for the stage to join.

Between nodes they are kept where checkpoints are (`heatproof.cluster.checkpoints`), by stage and
number. Each is sealed with what it was made with, so that one from before a change is not taken.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

from heatproof.cluster.checkpoints import Place
from heatproof.run import stage
from heatproof.storage.blocks import Kept


def compute(name: str, number: int, place: Place) -> int:
    """Compute a block of a stage in the current folder, and keep it; return the exit code.

    Args:
        name: of the stage, such as `explain_gradients@simple_cnn-mnist`.
        number: of the block, from 0; where the stage has fewer, nothing is done.
        place: where blocks are kept.
    """
    kept, file = _kept(name), f"{number}.npz"
    there = place.within(name)
    if file in there.names():
        there.get(file, kept.path(number))
    verb, _, family = kept.stage.partition("_")
    words = ["--cell", kept.cell, "--family", family, "--block", str(number)]
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{verb}", *words],
        env=os.environ | {stage.STAGE: name}, check=False,
    )  # fmt: skip
    if done.returncode == 0 and kept.path(number).exists():
        there.put(kept.path(number))
        kept.path(number).unlink()
    return done.returncode


def bring(names: Iterable[str], place: Place) -> None:
    """Bring the blocks that are kept of stages, which they then find."""
    for name in names:
        there = place.within(name)
        for file in there.names():
            there.get(file, _kept(name).folder / file)


def forget(names: Iterable[str], place: Place) -> None:
    """Remove the blocks of stages, whose results are sent."""
    for name in names:
        there = place.within(name)
        for file in there.names():
            there.remove(file)


def _kept(name: str) -> Kept:
    kind, _, cell = name.partition("@")
    return Kept(kind, cell)
