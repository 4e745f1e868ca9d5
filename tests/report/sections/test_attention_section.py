"""The section on heads of attention: pictures, numbers, and what it says where there are none."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np

from heatproof.report.rendering import environment
from heatproof.report.sections.attention_section import SHOWN_HEADS, Attention, attention

IMAGES = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8)
ARRAYS = {
    "feature_map_image": np.array([7, 2, 5]),
    "attention/first": np.random.default_rng(1).random((3, 2, 2, 2)).astype(np.float32),
    "attention/<last>": np.random.default_rng(2).random((3, 20, 2, 2)).astype(np.float32),
}


def layer(heads: int, agreement: float | None) -> dict[str, Any]:
    spread = [float(each) for each in np.linspace(0.25, 0.75, heads)]
    distance = [8 * each for each in spread]
    return {"heads": heads, "agreement": agreement, "agreement_std": agreement and 0.125,
            "entropy": spread, "distance": distance}  # fmt: skip


METRICS = {
    "attention": {
        "images": 12, "tokens": [2, 2], "reader": "pooling", "uniform_distance": 3.25,
        "layers": {"first": layer(2, None), "<last>": layer(20, 0.5)},
    }
}  # fmt: skip


def page(section: Attention) -> str:
    values = {"result": SimpleNamespace(name="a-b"), "root": "", "colours_note": ""}
    return environment().get_template("attention.html").render(values, attention=section)


def test_pictures_and_numbers() -> None:
    found = attention(ARRAYS, METRICS, IMAGES)
    assert found is not None and len(found.shown) == 2  # of three images
    heads = [(name, len(pictures), more) for name, pictures, more in found.shown[1].layers]
    assert heads == [("first", 2, 0), ("<last>", SHOWN_HEADS, 4)]
    assert found.sprite.size[0] >= 10 and found.sprite.png()
    text = page(found)
    assert "&lt;last&gt;" in text and "<last>" not in text
    cells = re.findall(r'<td class="number"[^>]*>(.*?)</td>', text)
    assert cells[7:] == ["20", "0.50", "0.12", "0.50", "0.25 to 0.75", "4.0", "2.0 to 6.0"]
    assert "Attention is not explanation" in text and "3.2 pixels" in text
    assert text.count("Head 1 of first on image") == 2 and "4 more heads" in text


def test_without_test_images_the_heads_are_shown_alone() -> None:
    found = attention(ARRAYS, METRICS, None)
    assert found is not None and all(each.image is None for each in found.shown)
    assert "the image" not in page(found).partition("<h3>")[2]


def test_a_network_without_attention_has_no_section_and_one_without_a_grid_says_why() -> None:
    assert attention({}, {"activity": {}}, IMAGES) is None
    reason = "the network attends, but its tokens form no <grid>"
    found = attention({}, {"attention": {"unsupported": reason}}, IMAGES)
    assert found is not None and "no &lt;grid&gt;." in page(found)
    assert "<table" not in page(found)
