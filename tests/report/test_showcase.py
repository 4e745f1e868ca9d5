"""What is shown of a cell's verdict: never a map that is zero everywhere where there is another."""

from dataclasses import replace

import numpy as np
import pytest

from heatproof.report import showcase, study
from heatproof.report.charts.sprites import peak
from heatproof.report.sections import hero
from heatproof.report.sections.ties import Comparison, compare
from heatproof.storage import paths
from heatproof.storage.records import Explanations
from heatproof.trust.verdict import CARE, USE, CellVerdict, MethodVerdict

GOOD = MethodVerdict(USE, "Better.", ())


def judged(*names: str) -> CellVerdict:
    return CellVerdict(dict.fromkeys(names, GOOD), (), float("nan"))


@pytest.fixture
def explained(small_study) -> Explanations:
    made = study.collect(small_study).cells[0].explanations()
    assert made is not None
    return made


def test_the_strip_has_the_best_methods_maps_of_different_classes(explained) -> None:
    strip = showcase.drawn(explained, judged("lime", "gradcam")).strip
    assert strip is not None
    assert (strip.method, strip.level) == ("lime", USE)
    labels = [label for _, _, label in strip.pairs]
    assert len(labels) == len(set(labels)) == showcase.PICTURES
    assert strip.sprite.number(strip.pairs[-1][1].tile) == 2 * showcase.PICTURES - 1


def test_without_a_verdict_no_map_is_shown_as_the_one_to_believe(explained) -> None:
    assert showcase.drawn(explained, None).strip is None


def test_maps_of_zeros_are_passed_over(explained) -> None:
    maps = {name: each.copy() for name, each in explained.maps.items()}
    maps["lime"][:] = 0
    right = np.flatnonzero(
        (explained.label == explained.predicted) & (explained.target == explained.label)
    )
    maps["gradcam"][right[:-1]] = 0
    made = replace(explained, maps=maps, numbers={"lime": {"r2": np.full(len(maps["lime"]), 0.5)}})
    shown = showcase.drawn(made, judged("lime", "gradcam", "saliency"))
    assert shown.strip is not None and shown.example is not None
    assert shown.strip.method == "gradcam" and len(shown.strip.pairs) == 1
    assert shown.example.zero == {"lime": {"r2": 0.5}}, "the image with the fewest zeros"
    assert shown.example.maps["lime"].alt.endswith("all zero")
    assert shown.zero["lime"] == showcase.Zero(len(maps["lime"]), len(maps["lime"]), {"r2": 0.5})
    maps = dict.fromkeys(maps, np.zeros_like(maps["lime"]))
    assert showcase.drawn(replace(explained, maps=maps), judged("lime")).strip is None


def test_nothing_right_is_nothing_to_show(explained) -> None:
    wrong = replace(explained, predicted=explained.label + 1)
    shown = showcase.drawn(wrong, judged("lime"))
    assert shown.strip is None and shown.example is None
    assert peak(explained.maps["lime"]) > 0 and not shown.zero.get("lime")


def test_large_images_are_reduced(explained) -> None:
    large = explained.images.repeat(10, axis=1).repeat(10, axis=2)
    maps = {n: each.repeat(10, axis=1).repeat(10, axis=2) for n, each in explained.maps.items()}
    shown = showcase.drawn(replace(explained, images=large, maps=maps), judged("lime"))
    assert shown.strip is not None
    assert max(shown.strip.sprite.tile_size) <= showcase.SIDE


def test_a_tie_is_decided_image_by_image_and_else_by_intervals(small_study) -> None:
    first, second = study.collect(small_study).cells
    assert first.right is not None and second.right is not None
    found = compare(first, second)
    assert found.p is not None and found.tied == (found.p >= 0.05)
    reason = f"paired test on the same {len(first.right)} test images, p = 1.00"
    assert (compare(first, first).tied, compare(first, first).reason) == (True, reason)
    for cell in (first, second):
        paths.predictions(cell.name).unlink()
    first, second = study.collect(small_study).cells
    assert compare(first, first) == Comparison(True, None)


def test_of_many_networks_the_overview_opens_with_the_best_of_each_dataset(small_study) -> None:
    made = study.collect(small_study)
    first, second = made.cells
    others = [replace(second, name=f"other-{i}", predicted=False) for i in range(hero.ALL)]
    many = [[first, second], others]
    made.__dict__["showcases"] = {c.name: showcase.NOTHING for results in many for c in results}
    rows = hero.rows(made, many)
    assert [row.result.name for row in rows] == [first.name, "other-0"]
    first.__dict__["verdict"] = CellVerdict(
        {"lime": MethodVerdict(CARE, "So.", ())}, (), float("nan")
    )
    advice = hero.rows(made, [[first]])[0].advice
    assert advice is not None and (advice.verdict.level, advice.others) == (CARE, 0)
