"""Whether the machine is quiet enough for times to mean something."""

import os

BUSY = 1.0  # processes that want to run, before a bench starts any


def warn() -> None:
    """Say so where others are at work; PyTorch, whose threads wait by spinning, loses most."""
    waiting = os.getloadavg()[0]
    if waiting > BUSY:
        print(f"the machine is busy (load {waiting:.1f}): these times say little", flush=True)
