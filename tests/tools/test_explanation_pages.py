"""The pages that explain methods and measures know all of them, as their records have them."""

import re
from pathlib import Path

import pytest

from heatproof.attribution import registry
from heatproof.trust.registry import MEASURES
from tools.reference import methods


def test_each_method_is_explained_once(repository: Path) -> None:
    page = (repository / "docs/explanation/methods.md").read_text(encoding="utf-8")
    assert sorted(re.findall("<!-- method: (.*) -->", page)) == sorted(registry.methods())
    written = methods.with_definitions(page)
    assert "<!-- method" not in written
    assert all(each.equation in written for each in registry.methods().values())


def test_a_method_that_is_none_fails() -> None:
    with pytest.raises(KeyError, match="gradcan"):
        methods.with_definitions("<!-- method: gradcan -->")


def test_each_measure_of_the_tables_is_explained(repository: Path) -> None:
    page = (repository / "docs/explanation/measures.md").read_text(encoding="utf-8").lower()
    shown = [each.label for each in MEASURES.values() if each.shown]
    assert [label for label in shown if label.partition(",")[0].lower() not in page] == []
