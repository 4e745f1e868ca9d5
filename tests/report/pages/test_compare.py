"""The data of the page that compares two maps."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from heatproof.config.params import Params
from heatproof.report import study
from heatproof.report.cell_results import CellResults
from heatproof.report.charts import sprites
from heatproof.report.pages import compare
from heatproof.report.sections.gallery import gallery
from heatproof.storage.records import Explanations
from tests.report import gallery_results


@pytest.fixture
def explained(small_study: Params) -> CellResults:
    return study.collect(small_study).cells[0]


def page_data(result: CellResults, explanations: Explanations) -> tuple[Any, dict[str, Any]]:
    made = gallery(explanations)
    return made, compare.compared(result, made, "a-b")


def cut(content: bytes, place: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    sheet = np.asarray(Image.open(io.BytesIO(content)))
    return sheet[place[1] : place[1] + size[1], place[0] : place[0] + size[0]]


def test_every_image_and_map_is_at_its_stated_place(explained: CellResults) -> None:
    rows = gallery_results.many(7, ("cat", "dog", "owl"), side=6)
    made, data = page_data(explained, rows)
    level = explained.verdict.methods["gradcam"].level
    assert [(m[0], m[-1]) for m in data["methods"]] == [
        ("gradcam", level), ("lrp_epsilon", "not assessed"),
    ]  # fmt: skip
    step = 6 + 2 * data["gutter"]
    columns = data["maps"][1] // step
    found = 0
    for row in range(len(rows.label)):
        example = next(e for e in data["examples"] if e["index"] == rows.image_index[row])
        drawn = cut(made.images.png(), example["at"], (6, 6))
        np.testing.assert_array_equal(drawn[..., :1], rows.images[row])
        role = "true" if rows.target[row] == rows.label[row] else "predicted"
        first, peaks = example["maps"][role]
        for number, name in enumerate(rows.maps):
            y, x = divmod(first + number, columns)
            place = x * step + data["gutter"], y * step + data["gutter"]
            values = rows.maps[name][row]
            expected = sprites.levels(values, name == "lrp_epsilon")[..., 0]
            np.testing.assert_array_equal(cut(made.maps.png(), place, (6, 6)), expected)
            assert float(peaks[number]) == pytest.approx(sprites.peak(values), rel=0.01)
            found += 1
    assert found == 2 * len(rows.label)


def test_a_right_answer_has_one_map_for_both_questions(explained: CellResults) -> None:
    _, data = page_data(explained, gallery_results.many(3, ("cat", "dog")))
    wrong, right, _ = data["examples"]
    assert right["correct"]
    assert right["maps"]["true"] == right["maps"]["predicted"]
    assert not wrong["correct"]
    assert wrong["maps"]["true"] != wrong["maps"]["predicted"]


def test_cells_are_listed_by_dataset_and_one_without_maps_is_not(
    explained: CellResults,
) -> None:
    rows = gallery_results.many(3, ("cat", "dog"))
    full = (explained, compare.compared(explained, gallery(rows), "a-b"))
    bare = Explanations(**{**rows.__dict__, "maps": {}})
    without = (explained, compare.compared(explained, gallery(bare), "c-d"))
    made = compare.context([full, without])
    assert made["datasets"] == {"digits": [full]}
    assert [d["name"] for d in made["data"]] == ["digits"]
    assert compare.context([])["data"] == []
