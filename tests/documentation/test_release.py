"""What a release says of itself is one version everywhere."""

import re
import tomllib

import yaml

from tests.scratch import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def test_the_citation_is_of_this_version_and_complete() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert str(citation["version"]) == VERSION
    assert citation["cff-version"] == "1.2.0"
    for key in ("message", "title", "authors", "license", "type", "abstract"):
        assert citation[key], key
    license_text = (ROOT / "LICENSE").read_text("utf-8")
    assert license_text.startswith(f"{citation['license']} License")


def test_the_changelog_has_this_version_below_what_is_unreleased() -> None:
    headings = re.findall(
        r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert headings[0] in ("Unreleased", VERSION)
    assert VERSION in headings
    released = [each for each in headings if each != "Unreleased"]
    assert released == sorted(released, key=lambda v: [*map(int, v.split("."))], reverse=True)
