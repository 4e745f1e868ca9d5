"""Modules that add a source, an architecture or records: what is wrong of one is told by name."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest

from heatproof.config import registry
from heatproof.config.schema import Block
from heatproof.trust.measure import Measure


class Right(Block):
    kind: Literal["right"]


class Copied(Block):
    kind: Literal["right"]


class Keyless(Block):
    size: int


@dataclass(frozen=True)
class Record:
    name: str


@pytest.mark.parametrize("described", [{}, {"Options": Copied}, {"Options": Keyless}])
def test_a_module_that_does_not_say_its_own_name_is_told(
    monkeypatch: pytest.MonkeyPatch, described: dict[str, type]
) -> None:
    found = {"right": SimpleNamespace(Options=Right), "new": SimpleNamespace(**described)}
    monkeypatch.setattr(registry, "modules", lambda package: found)
    message = (
        r'room\.new: expected a class Options\(Block\) with the field `kind: Literal\["new"\]`'
    )
    with pytest.raises(TypeError, match=message):
        registry.choice("room", "Options", "kind")


def test_two_records_of_one_name_are_told_with_their_modules() -> None:
    one, other = Record("one"), Record("other")
    assert registry.by_name({"a": (one,), "b": (other,)}) == {"one": one, "other": other}
    with pytest.raises(
        ValueError, match=r"^b: 'one' is the name of a record of a; give it another"
    ):
        registry.by_name({"a": (one,), "b": (other, Record("one"))})


def test_a_measure_of_no_group_is_refused() -> None:
    with pytest.raises(ValueError, match="'new': group = 'Truth': expected one of Ground truth, "):
        Measure("new", "New", "Truth", "is new", "nobody", "1", None)
