"""The networks of the real params.yaml, built on images of any size."""

import functools
from types import ModuleType
from typing import Any

import keras
import pytest

from heatproof.config import params
from heatproof.config.registry import modules
from heatproof.models.options import ARCHITECTURES
from heatproof.run import runtime
from tests.scratch import ROOT

THREADS = 2
SEED = 5
GRAY, COLOUR = (28, 28, 1), (32, 32, 3)


@functools.cache
def study() -> params.Params:
    """Return the study's real parameters; change nothing."""
    return params.load(ROOT / "params.yaml")


NAMES = tuple(name for name, model in study().models.items() if model.is_trained)
# A published backbone, at its full size, takes as long to build as all others together. That it
# gives logits and can be trained is always tested; test_every_backbone has smaller ones.
QUICK = tuple(
    pytest.param(name, marks=pytest.mark.thorough)
    if study().models[name].network.architecture == "pretrained"
    else name
    for name in NAMES
)


def architecture(name: str) -> ModuleType:
    """Return the module of a model's architecture."""
    return modules(ARCHITECTURES)[study().models[name].network.architecture]


def settings(name: str) -> dict[str, Any]:
    """Return the `network` block of a model as a mapping."""
    return study().models[name].network.model_dump()


def network(
    name: str,
    shape: tuple[int, int, int],
    classes: int = 10,
    seed: int = SEED,
    mixed_precision: bool = False,
    **changes: Any,
) -> keras.Model:
    """Build a model with fresh weights, padding images to what it takes; change some settings."""
    runtime.configure(THREADS, seed, mixed_precision)
    module = architecture(name)
    inputs = keras.Input(shape, name="image")
    missing = [max((module.INPUT_SIZE or 0) - side, 0) for side in shape[:2]]
    x = keras.layers.ZeroPadding2D(tuple((gap // 2, gap - gap // 2) for gap in missing))(inputs)
    x = keras.layers.Rescaling(4.0, -2.0)(x)
    outputs = module.logits(module.Network(**settings(name) | changes), x, classes)
    model = keras.Model(inputs, outputs, name=name)
    return module.flat(model) if hasattr(module, "flat") else model


@functools.cache
def shared(name: str, shape: tuple[int, int, int]) -> keras.Model:
    """Build a model as `network` does, once for all tests: look at it, but leave its weights."""
    return network(name, shape)
