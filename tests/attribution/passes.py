"""Counting what a method asks of a network."""

from typing import Any

import numpy as np
import pytest

from heatproof.attribution.core.network import Network


def count(monkeypatch: pytest.MonkeyPatch, network: Network) -> list[int]:
    """Return a list that grows by the images of every call for logits or gradients."""
    passes: list[int] = []
    in_batches = network.in_batches

    def counted(function: Any, *arrays: np.ndarray, **options: Any) -> Any:
        passes.append(options.get("copies", 1) * len(arrays[0]))
        return in_batches(function, *arrays, **options)

    monkeypatch.setattr(network, "in_batches", counted)
    return passes
