"""Studies of pictures that are drawn here, as `heatproof new` makes them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heatproof.new import (
    command,
)
from heatproof.run import ending


def pictures(place: Path, colour: bool, *sizes: tuple[int, int], classes: int = 2) -> Path:
    """Write pictures of these sizes (width, height) for each class, and return their folder."""
    draw = np.random.default_rng(0)
    for number in range(classes):
        (place / f"class {number}").mkdir(parents=True)
        for index, (width, height) in enumerate(sizes):
            pixels = draw.integers(0, 256, (height, width, 3 if colour else 1), dtype=np.uint8)
            image = Image.fromarray(pixels if colour else pixels[..., 0])
            image.save(place / f"class {number}" / f"{index}.png")
    return place


def made(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Call `heatproof new` with these words, and return how it ended."""
    monkeypatch.setattr(sys, "argv", ["heatproof new", *map(str, words)])
    try:
        ending.run(command.main)
    except SystemExit as end:
        return int(end.code or 0)
    return 0
