"""What a cell's page opens with, on rows whose verdicts and maps are known."""

from dataclasses import replace

import numpy as np
import pytest

from heatproof.report.sections import opening
from heatproof.report.sections.gallery import Gallery, gallery
from heatproof.trust.verdict import AVOID, CARE, USE, CellVerdict, MethodVerdict
from tests.report.sections.test_gallery import rows

PAIRS = [(1, 0, 0, 0), (2, 0, 0, 0), (3, 1, 1, 1), (4, 1, 2, 2), (5, 2, 0, 0)]
# Two methods of gradients, one each of other families.
METHODS = (
    "integrated_gradients_blurred",
    "integrated_gradients_mean",
    "lime",
    "rise",
    "gradcam",
    "deep_shap",
    "occlusion",
    "vargrad",
)


def verdict(**levels: str) -> CellVerdict:
    judged = {name: MethodVerdict(level, "So.", ()) for name, level in levels.items()}
    return CellVerdict(judged, (), float("nan"))


def made(*methods: str, zero: tuple[int, ...] = (), confidence: tuple[float, ...] = ()) -> Gallery:
    maps = {name: np.ones((len(PAIRS), 6, 6), np.float32) for name in methods}
    for row in zero:
        maps[methods[0]][row] = 0
    explanations = rows(PAIRS, maps)
    explanations.confidence[:] = confidence or 0.75
    drawn = gallery(explanations)
    assert drawn is not None
    return drawn


def names(of: Gallery, places: list[int]) -> list[str]:
    return [of.legends[place].method.name for place in places]


def test_the_best_methods_of_different_families_come_first() -> None:
    found = made(*METHODS)
    of = verdict(
        integrated_gradients_blurred=USE,
        integrated_gradients_mean=USE,
        lime=USE,
        gradcam=CARE,
        deep_shap=AVOID,
    )
    ordered = names(found, opening.ordered(found, of))
    assert ordered[:5] == [
        "integrated_gradients_blurred",
        "lime",
        "integrated_gradients_mean",
        "gradcam",
        "deep_shap",
    ]
    assert set(ordered) == set(METHODS), "unjudged ones too"
    assert names(found, opening.columns(found, of)) == [
        "integrated_gradients_blurred",
        "lime",
        "integrated_gradients_mean",
        "gradcam",
    ]
    assert opening.opening(found, of).levels == {
        USE: ("IG from a blur", "IG from mean colour", "LIME"),
        CARE: ("Grad-CAM",),
        AVOID: ("DeepSHAP",),
    }


def test_methods_that_stand_back_for_another_family_are_named() -> None:
    found = made(*METHODS)
    order = dict.fromkeys((*METHODS[:2], "lime", "gradcam", "rise"), USE)
    assert opening.opening(found, verdict(**order)).passed_over == ("IG from mean colour",)
    few = dict.fromkeys(("lime", "gradcam", "integrated_gradients_mean"), USE)
    assert opening.opening(found, verdict(**few)).passed_over == ()


def test_where_none_is_of_use_those_that_there_are_are_shown() -> None:
    found = made("integrated_gradients_blurred", "lime")
    assert names(
        found, opening.columns(found, verdict(lime=AVOID, integrated_gradients_blurred=AVOID))
    ) == [
        "lime",
        "integrated_gradients_blurred",
    ]


@pytest.mark.parametrize(("count", "folded"), [(6, 0), (7, 0), (8, 2)])
def test_the_gallery_folds_away_more_than_one_method(count: int, folded: int) -> None:
    found = made(*METHODS[:count])
    shown, rest = opening.chosen(found, None)
    assert (len(rest), sorted(shown + rest)) == (folded, list(range(count)))


def test_two_correct_predictions_of_two_classes_and_the_most_confident_incorrect_one() -> None:
    found = opening.opening(made("lime", confidence=(0.9, 0.9, 0.9, 0.6, 0.8)), verdict(lime=USE))
    assert [row.example.index for row in found.rows] == [1, 3, 5]
    assert found.incorrect


def test_an_image_without_a_map_to_look_at_comes_last() -> None:
    maps = made("lime", zero=(0, 4), confidence=(0.9, 0.9, 0.9, 0.6, 0.8))
    found = opening.opening(maps, verdict(lime=USE))
    assert [row.example.index for row in found.rows] == [2, 3, 4]


def test_fewer_images_are_all_shown() -> None:
    few = replace(made("lime"), correct=[])
    assert [row.example.index for row in opening.opening(few, verdict(lime=USE)).rows] == [4, 5]
