"""Measurements that nobody took, for the tests of what is made of them."""

from typing import Any

import pytest

from bench.models import measurable
from bench.results import PROJECT, Measurement
from heatproof.config import params

HERE: dict[str, Any] = {
    "cpu": "A processor",
    "instructions": ["AVX2", "AMX"],
    "cores": 2,
    "memory_gib": 24,
    "gpus": [],
    "system": "An OS",
    "python": "3.11.7",
    "libraries": {"tensorflow": "2.21.0"},
    "commit": "0123456789abcdef0123",
    "changed": False,
}


def measurement(
    ours: list[float], better: str = "more", goal: float | None = None, **rest: Any
) -> Measurement:
    """Return a made-up training of resnet18; sides and all else by keyword."""
    named = {"part": "training", "case": "resnet18", "unit": "images/s"} | rest
    peers = named.pop("peers", {})
    return Measurement(**named, better=better, sides={PROJECT: ours, **peers}, goal=goal)


def a_measurable_cell() -> str:
    """Return a cell of params.yaml whose images a bench can make up; skip where there is none."""
    for cell in measurable(params.load()).values():
        return cell
    pytest.skip("no cell's images are of a size that the benches know")
