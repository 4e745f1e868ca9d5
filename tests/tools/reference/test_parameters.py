"""The reference of params.yaml has every key, and says of each what it means."""

import re

import pytest

from heatproof.config.derived import WAYS
from heatproof.config.registry import modules
from heatproof.datasets.options import SOURCES
from heatproof.models.options import ARCHITECTURES
from tests.scratch import real_params
from tools.reference import parameters

KEYS = {key.place: key for section in parameters.sections() for key in section.keys}


def test_every_key_is_described() -> None:
    assert len(KEYS) > 200
    assert not [place for place, key in KEYS.items() if not re.search(r"\w[^.]*\.$", key.meaning)]


@pytest.mark.parametrize(
    ("place", "kind", "default"),
    [
        ("threads", "whole number ≥ 1, ≤ 256", "required, here `2`"),
        ("training.optimizer", "`adam`, `sgd`", "required, here `adam`"),
        ("training.plateau_factor", "number > 0, < 1", "required, here `0.5`"),
        ("training.balance", "`none`, `class_weights`, `sampling`", "default `none`"),
        ("datasets.<dataset>.normalisation.mean", "list of 1 to 4: number ≥ 0, ≤ 1", "required"),
        (
            "datasets.<dataset>.augmentation.flip",
            "`true` or `false` or `alternating`",
            "default none",
        ),
        (
            "explain.perturbation.lime.samples",
            "`auto` or whole number ≥ 10, ≤ 100,000",
            "default `auto`, 1000 at 40 pixels a side, 200 at 224",
        ),
        ("models.<model>.training", "mapping as [`training`](#training)", "default none"),
        ("corrupted", "mapping as [`cells.<cell>`](#cells)", "default none"),
    ],
)
def test_a_key_has_its_type_range_and_default(place: str, kind: str, default: str) -> None:
    assert KEYS[place].kind.replace("\N{NO-BREAK SPACE}", " ") == kind
    assert KEYS[place].default == default


def test_what_params_yaml_says_is_in_it() -> None:
    real = real_params()
    for name, block in real.items():
        if name not in ("datasets", "models", "cells", "runs", "shuffled", "compared"):
            assert set(dotted(block, name)) - {name} <= set(KEYS), name


def dotted(block: object, place: str) -> list[str]:
    if not isinstance(block, dict) or any("-" in name for name in block):
        return [place]
    return [place, *(key for name in block for key in dotted(block[name], f"{place}.{name}"))]


def test_a_source_and_an_architecture_have_a_section_each() -> None:
    titles = {section.title for section in parameters.sections()}
    assert {"fetch: image_folder", "network: resnet18", "way: quantise"} <= titles
    page = parameters.page()
    assert page.count("\n### ") == sum(map(len, map(modules, (SOURCES, ARCHITECTURES, WAYS))))
    assert "\n`stride` `1`, `2`, `3`; required\n:   Stride of every convolution" in page
