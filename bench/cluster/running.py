"""A small study, run for real: by `make repro`, and on a Ray cluster on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import studies
from heatproof.cluster import local_nodes
from tests import overlay
from tests.scratch import Scratch, cell, environment

MODELS = ("simple_cnn", "baseline_cnn", "mobilenet_v2")


def study(path: Path, models: Sequence[str], tiny: bool) -> Scratch:
    """Make a small study with one thread in which nothing has run.

    Args:
        path: a new folder.
        models: on scikit-learn's digits, as `make demo` has them.
        tiny: the tests' two cells instead, in which starting takes nearly all the time.
    """
    scratch = studies.small(path, tiny)
    if not tiny:
        cells = {"cells": {f"{model}-digits": cell(f"{model}-digits") for model in models}}
        whole = overlay.read(studies.ROOT / "params.yaml")
        scratch.write_params(overlay.overlaid(whole, cells))
    scratch.change("threads", 1)
    scratch.git("commit", "-q", "-a", "-m", "One thread")
    return scratch


def plain(scratch: Scratch, cores: Sequence[int]) -> float:
    """Run a study by `make repro`, confined to these cores; return the seconds.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    with _confined(cores):
        return _seconds(scratch, [sys.executable, "-m", "tools.repro"], {})


def on_nodes(scratch: Scratch, cores: Sequence[Sequence[int]]) -> float:
    """Run a study on Ray nodes of one CPU that are there already; return the seconds.

    Args:
        scratch: the study.
        cores: of each node; the command is confined to those of the first, which is the head.

    Raises:
        RuntimeError: it failed; with what it printed.
    """
    with local_nodes.nodes(*[1] * len(cores), cores=cores) as cluster, _confined(cores[0]):
        words = [sys.executable, "-m", "tools.cluster", "run", cluster.address]
        return _seconds(scratch, words, cluster.variables)


@contextmanager
def _confined(cores: Sequence[int]):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _seconds(scratch: Scratch, words: Sequence[str], variables: dict[str, str]) -> float:
    started = time.monotonic()
    done = subprocess.run(
        words, cwd=scratch.path, env=environment(**variables),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout)
    return time.monotonic() - started
