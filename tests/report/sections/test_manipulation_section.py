"""Examples of maps that were moved on purpose, and how far at every size of change."""

from typing import Any

import numpy as np

from heatproof.report.sections.manipulation_section import TILES, manipulation

ASSESS: dict[str, Any] = {
    "manipulation": {
        "epsilons": [0.01, 0.02],
        "images": 4,
        "tolerance": 0.05,
        "attack": {"saliency": [0.6, 0.3], "gradcam": [None, 0.9]},
        "noise": {"saliency": [0.8, 0.7], "gradcam": [None, 0.95]},
    }
}


def arrays(*methods: str) -> dict[str, np.ndarray]:
    image = np.full((6, 6, 1), 0.5, np.float32)
    maps = np.arange(36.0, dtype=np.float32).reshape(6, 6)
    values = {"image_index": np.array([7, 30]), "predicted": np.array([0, 1])}
    for method in methods:
        each = {
            "row": np.array([1]), "before": image, "image": image + np.float32(0.02),
            "original": maps, "moved": maps[::-1], "numbers": np.array([0.31, 0.9, 0.88]),
        }  # fmt: skip
        values |= {f"manipulation/{what}/{method}": array for what, array in each.items()}
    return values


def test_an_example_has_both_images_their_difference_and_both_maps() -> None:
    found = manipulation(ASSESS, arrays("saliency"), ("cat", "<dog>"))
    assert found is not None
    (example,) = found.examples
    assert (example.method.name, example.row, example.predicted) == ("saliency", 30, "<dog>")
    assert (example.similarity, example.before, example.after) == (0.31, 0.9, 0.88)
    assert round(example.most, 4) == 0.02 and len(example.pictures) == TILES
    assert [each.caption for each in example.pictures][2] == "change, up to 0.02"


def test_the_table_has_the_search_beside_noise_of_every_size() -> None:
    found = manipulation(ASSESS, arrays(), ())
    assert found is not None and not found.examples
    assert {method.name: pairs for method, pairs in found.table} == {
        "saliency": [(0.6, 0.8), (0.3, 0.7)],
        "gradcam": [(None, None), (0.9, 0.95)],
    }


def test_where_it_was_not_measured_there_is_nothing() -> None:
    assert manipulation({}, arrays("saliency"), ()) is None
