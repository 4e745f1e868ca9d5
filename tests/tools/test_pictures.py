"""The pictures of the documentation: scenes that there are, 20 seconds, a file that is small."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.run.errors import UserError
from tests.scratch import ROOT
from tools import pictures


def test_the_walk_takes_20_seconds_through_sections_that_there_are() -> None:
    pairs = zip(pictures.SCENES, pictures.SCENES[1:], strict=False)
    scrolls = sum(a.page == b.page and not b.dark for a, b in pairs)
    seconds = sum(scene.seconds for scene in pictures.SCENES)
    seconds += scrolls * (pictures.SCROLL_FRAMES - 1) * pictures.SCROLL_SECONDS
    assert seconds == pytest.approx(20)
    templates = (ROOT / "heatproof/report/templates").glob("*.html")
    sections = set(re.findall(r'"([a-z-]+)", "[A-Z]', "".join(t.read_text() for t in templates)))
    assert {scene.section for scene in pictures.SCENES} - {""} <= sections


def test_an_animation_has_its_frames_and_times(tmp_path: Path) -> None:
    greys = [Image.new("RGB", (40, 20), (level, level, level)) for level in (0, 120, 250)]
    pictures.write_animation(tmp_path / "a.webp", list(zip(greys, (1.0, 0.1, 2.5), strict=True)))
    with Image.open(tmp_path / "a.webp") as made:
        assert made.n_frames == 3
        found = []
        for number in range(3):
            made.seek(number)
            made.load()
            found.append((made.info["duration"], round(np.asarray(made.convert("L")).mean(), -1)))
    assert found == [(1000, 0), (100, 120), (2500, 250)]


def test_what_is_missing_or_too_large_is_told(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(UserError, match=r"html: there is no such page; `make demo` writes it"):
        pictures.require(tmp_path)
    monkeypatch.setattr(pictures, "MAX_BYTES", 10)
    with pytest.raises(UserError, match="more than 10: lower QUALITY"):
        pictures.write_animation(tmp_path / "a.webp", [(Image.new("RGB", (4, 4)), 1.0)] * 2)
    assert not (tmp_path / "a.webp").exists()


def test_the_committed_animation_is_small_and_of_20_seconds() -> None:
    path = ROOT / "docs" / "report.webp"
    assert path.stat().st_size < pictures.MAX_BYTES
    with Image.open(path) as made:
        seconds = 0
        for number in range(made.n_frames):
            made.seek(number)
            made.load()
            seconds += made.info["duration"] / 1000
    assert seconds == pytest.approx(20, abs=0.1)
