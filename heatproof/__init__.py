"""Train image classifiers, explain their predictions, and measure the explanations."""

import importlib
from typing import Any

_API = ("open_cell", "open_model", "show")


def __getattr__(name: str) -> Any:
    # By name, and not before it is asked for: every module of heatproof imports this one first, and
    # what this one imports would be part of every stage's code.
    if name not in _API:
        raise AttributeError(f"module 'heatproof' has no attribute '{name}'")
    return getattr(importlib.import_module("heatproof.api"), name)
