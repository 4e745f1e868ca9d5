"""Modules that add a source, an architecture or records: what is wrong of one is told by name."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest

from heatproof.config import registry
from heatproof.config.schema import Block


class Right(Block):
    kind: Literal["right"]


class Copied(Block):
    kind: Literal["right"]


class Keyless(Block):
    size: int


@dataclass(frozen=True)
class Record:
    name: str
    group: str


@pytest.mark.parametrize("described", [{}, {"Options": Copied}, {"Options": Keyless}])
def test_a_module_without_its_own_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, described: dict[str, type]
) -> None:
    found = {"right": SimpleNamespace(Options=Right), "new": SimpleNamespace(**described)}
    monkeypatch.setattr(registry, "modules", lambda package: found)
    message = (
        r'package\.new: expected a class Options\(Block\) with the field `kind: Literal\["new"\]`'
    )
    with pytest.raises(TypeError, match=message):
        registry.choice("package", "Options", "kind")


def test_records_are_sorted_and_a_wrong_one_is_reported_with_its_module() -> None:
    a, b, c = Record("a", "second"), Record("b", "first"), Record("c", "third")

    def named(**records: tuple[Record, ...]) -> list[str]:
        groups = ["first", "second"]
        return list(registry.by_name(records, lambda record: record.group, groups))

    assert named(one=(a,), other=(b,)) == ["b", "a"]
    with pytest.raises(ValueError, match=r"^other: 'a' is the name of a record of one; give it an"):
        named(one=(a,), other=(b, a))
    with pytest.raises(ValueError, match=r"^one: 'c' is of 'third'; expected one of first, second"):
        named(one=(a, c))
