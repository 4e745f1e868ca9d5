"""Counterfactual and adversarial images as pictures and words."""

import numpy as np

from heatproof.report.sections.counterfactual_section import counterfactuals

NAMES = np.array(["cat", "dog <b>"], np.str_)


def arrays(found: bool = True) -> dict[str, np.ndarray]:
    original = np.full((1, 4, 4, 1), 100, np.uint8)
    changed = original / np.float32(255)
    changed[0, 1, 2] += 0.2 * found
    one = {name: np.array([value]) for name, value in {
        "image_index": 7, "label": 0, "predicted": 1, "target": 0, "success": found,
        "survives_rounding": True, "confidence_before": 0.9, "confidence": 0.95, "l0": int(found),
        "linf": 0.2 * found, "iterations": 3,
    }.items()}  # fmt: skip
    epsilon = 0.05 if found else np.nan
    attack = {name: np.array([value]) for name, value in {
        "image_index": 9, "label": 0, "before": 0, "after": int(found), "epsilon": epsilon,
        "confidence_before": 0.8 if found else np.nan, "confidence": 0.6 if found else np.nan,
        "correlation/prediction": 0.25 if found else np.nan,
    }.items()}  # fmt: skip
    maps = {
        f"attack/gradcam/{image}/{target}": np.ones((1, 4, 4), np.float32)
        for image in ("original", "adversarial") for target in ("before", "after")
    }  # fmt: skip
    return {
        "class_names": NAMES,
        "search/original": original,
        "search/changed": changed,
        "attack/original": original,
        "attack/changed": changed,
        "attack/epsilons": np.array([0, 0.05], np.float32),
        **{f"search/{name}": value for name, value in one.items()},
        **{f"attack/{name}": value for name, value in attack.items()},
        **maps,
    }


def test_a_change_that_was_found_is_shown_with_its_difference() -> None:
    made = counterfactuals(arrays())
    [search] = made.searches
    assert (search["image_index"], search["predicted"], search["target"]) == (7, "dog <b>", "cat")
    assert [p.caption for p in search["pictures"]] == ["original", "changed", "change, up to 0.2"]
    assert (search["l0"], search["pixels"]) == (1, 16)
    [attack] = made.attacks
    assert (attack["before"], attack["after"], attack["epsilon"]) == ("cat", "dog <b>", 0.05)
    assert attack["correlation/prediction"] == 0.25
    assert len(attack["pictures"]) == 5
    assert made.sprite.png().startswith(b"\x89PNG")
    places = {(p.tile.x, p.tile.y) for p in (*search["pictures"], *attack["pictures"])}
    assert len(places) == 8
    width, height = made.sprite.size
    assert all(x < width and y < height for x, y in places)


def test_where_nothing_was_found_only_the_image_stands() -> None:
    made = counterfactuals(arrays(found=False))
    [search], [attack] = made.searches, made.attacks
    assert not search["success"] and len(search["pictures"]) == 1
    assert (
        attack["epsilon"] is None
        and attack["correlation/prediction"] is None
        and len(attack["pictures"]) == 1
    )


def test_without_images_there_is_nothing() -> None:
    assert counterfactuals({}) is None
    empty = {n: a[:0] for n, a in arrays().items() if n not in ("class_names", "attack/epsilons")}
    assert counterfactuals({"class_names": NAMES, **empty}) is None
