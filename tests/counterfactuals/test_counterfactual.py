"""The counterfactual family as the stage runs it: every array, every number, one picture."""

import json
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest

from heatproof.attribution.core.explained_cell import ExplainedCell, Findings
from heatproof.attribution.core.method import Context
from heatproof.attribution.core.network import Network
from heatproof.counterfactuals.counterfactual import counterfactual_targets, distinct_images, find
from heatproof.counterfactuals.options import CounterfactualOptions
from heatproof.report.sections.counterfactual_section import counterfactuals
from heatproof.run.tracking import flattened
from heatproof.statistics.correlation import rank_correlation
from heatproof.storage.records import Explanations
from tests.attribution import architectures, networks
from tests.counterfactuals.test_counterfactual_search import convolutional

CLASSES = ("cat", "dog", "5 $", "bird", "hen")


@cache
def shared(channels: int) -> Network:
    """Return the network, whose compiled functions are kept for later tests."""
    return convolutional(channels, side=8)


def options(**changes: object) -> CounterfactualOptions:
    """Return the study's own options with fewer steps."""
    real = architectures.study().explain.counterfactual
    return real.model_copy(update={"steps": 100, **changes})


def subject(count: int = 9, channels: int = 3) -> ExplainedCell:
    """Return what the stage gives: images two of three of which are wrong, with two rows each."""
    network = shared(channels)
    tests = (255 * networks.images(20, 8, channels)).astype(np.uint8)
    index = np.arange(20)[::-1][:count]
    logits = network.logits(tests.astype(np.float32) / 255)
    predicted = logits.argmax(axis=1)
    labels = np.where(np.arange(20) % 3 == 0, predicted, (predicted + 1) % 5)
    rows = [(i, t) for i in index for t in dict.fromkeys([predicted[i], labels[i]])]
    image_index, target = np.array(rows, np.int64).reshape(-1, 2).T
    explained = Explanations(
        image_index=image_index,
        label=labels[image_index],
        predicted=predicted[image_index],
        target=target,
        confidence=np.ones(len(rows), np.float32),
        images=tests[image_index],
        maps={},
        class_names=CLASSES,
    )
    return ExplainedCell(network, explained, tests, Context(tests, 42))


@pytest.fixture(scope="module")
def found() -> Findings:
    started = time.monotonic()
    result = find(subject(), options(images=7))
    assert sum(result.timing.values()) < time.monotonic() - started
    return result


def test_arrays(found: Findings) -> None:
    pixels, maps = (8, 8, 3), (8, 8)
    integer, number, flag = "int64", "float32", "bool"
    expected = {
        "search/image_index": ((7,), integer),
        "search/label": ((7,), integer),
        "search/predicted": ((7,), integer),
        "search/target": ((7,), integer),
        "search/original": ((7, *pixels), "uint8"),
        "search/changed": ((7, *pixels), number),
        "search/success": ((7,), flag),
        "search/survives_rounding": ((7,), flag),
        "search/confidence_before": ((7,), number),
        "search/confidence": ((7,), number),
        "search/l0": ((7,), integer),
        "search/l1": ((7,), number),
        "search/l2": ((7,), number),
        "search/linf": ((7,), number),
        "search/iterations": ((7,), integer),
        "attack/image_index": ((7,), integer),
        "attack/label": ((7,), integer),
        "attack/before": ((7,), integer),
        "attack/after": ((7,), integer),
        "attack/original": ((7, *pixels), "uint8"),
        "attack/changed": ((7, *pixels), number),
        "attack/epsilon": ((7,), number),
        "attack/confidence_before": ((7,), number),
        "attack/confidence": ((7,), number),
        "attack/epsilons": ((7,), number),
        "attack/predicted": ((7, 7), integer),
        "attack/gradcam/original/before": ((7, *maps), number),
        "attack/gradcam/original/after": ((7, *maps), number),
        "attack/gradcam/adversarial/before": ((7, *maps), number),
        "attack/gradcam/adversarial/after": ((7, *maps), number),
        "attack/correlation/prediction": ((7,), number),
        "attack/correlation/class_before": ((7,), number),
        "attack/correlation/class_after": ((7,), number),
    }
    names = found.arrays["class_names"]
    assert tuple(names.tolist()) == CLASSES
    said = {n: (a.shape, str(a.dtype)) for n, a in found.arrays.items() if n != "class_names"}
    assert said == expected


def test_wrong_images_are_searched_first_and_right_ones_attacked_first(found: Findings) -> None:
    arrays, tests = found.arrays, subject().test_images
    # Of 19 down to 11 those divisible by three are right.
    assert arrays["search/image_index"].tolist() == [19, 17, 16, 14, 13, 11, 18]
    assert arrays["attack/image_index"].tolist() == [18, 15, 12, 19, 17, 16, 14]
    for kind in ("search", "attack"):
        shown = tests[arrays[f"{kind}/image_index"]]
        np.testing.assert_array_equal(arrays[f"{kind}/original"], shown)
    wrong = arrays["search/label"] != arrays["search/predicted"]
    assert wrong.tolist() == [True] * 6 + [False]
    np.testing.assert_array_equal(arrays["search/target"][wrong], arrays["search/label"][wrong])
    logits = subject().network.logits(arrays["search/original"][6:].astype(np.float32) / 255)
    assert arrays["search/target"][6] == np.argsort(-logits[0])[1]


def test_numbers_are_those_of_the_arrays(found: Findings) -> None:
    arrays, metrics = found.arrays, found.metrics
    network = subject().network
    success, target = arrays["search/success"], arrays["search/target"]
    logits = network.logits(arrays["search/changed"])
    assert success.sum() >= 4
    np.testing.assert_array_equal(logits.argmax(axis=1)[success], target[success])
    assert (arrays["search/confidence"][success] >= 0.9).all()
    assert metrics["search"]["images"] == 7
    assert metrics["search"]["wrong_images"] == 6
    assert metrics["search"]["flipped"] == success.sum()
    assert metrics["search"]["flip_rate"] == pytest.approx(success.mean())
    rounded = np.round(arrays["search/changed"] * 255).astype(np.uint8)
    survives = network.logits(rounded.astype(np.float32) / 255).argmax(axis=1) == target
    np.testing.assert_array_equal(arrays["search/survives_rounding"], survives & success)
    assert metrics["search"]["survives_rounding"] == (survives & success).sum()
    change = np.abs(arrays["search/changed"] - arrays["search/original"] / np.float32(255))
    l1 = change.sum(axis=(1, 2, 3))[success]
    assert metrics["search"]["median_l1"] == pytest.approx(np.median(l1), rel=1e-4)

    attack = metrics["attack"]
    assert attack["images"] == 7
    assert attack["layer"] == "conv2"
    right = arrays["attack/predicted"] == arrays["attack/label"][:, None]
    assert list(attack["accuracy"]) == ["0", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2"]
    np.testing.assert_allclose(list(attack["accuracy"].values()), right.mean(axis=0))
    assert attack["accuracy"]["0"] == pytest.approx(3 / 7)
    flipped = arrays["attack/before"] != arrays["attack/after"]
    assert attack["flipped"] == flipped.sum() > 0
    assert attack["flip_rate"]["0"] == 0
    np.testing.assert_array_equal(np.isnan(arrays["attack/epsilon"]), ~flipped)
    assert attack["median_epsilon"] == np.median(arrays["attack/epsilon"][flipped])
    for pair, (first, second) in {
        "prediction": ("original/before", "adversarial/after"),
        "class_before": ("original/before", "adversarial/before"),
        "class_after": ("original/after", "adversarial/after"),
    }.items():
        maps = (arrays[f"attack/gradcam/{name}"] for name in (first, second))
        expected = np.where(flipped, rank_correlation(*maps), np.nan)
        np.testing.assert_allclose(arrays[f"attack/correlation/{pair}"], expected)
        known = expected[np.isfinite(expected)]
        assert attack["map_correlation"][pair]["rows"] == len(known) > 0
        assert attack["map_correlation"][pair]["mean"] == pytest.approx(known.mean())
    json.dumps(metrics, allow_nan=False)
    leaves = flattened(metrics | found.timing)
    assert all(isinstance(leaf, int | float | str) for leaf in leaves.values())
    assert set(found.timing) == {"search_seconds", "attack_seconds"}
    assert min(found.timing.values()) > 0


def test_the_same_again(found: Findings) -> None:
    again = find(subject(), options(images=7))
    for name, array in found.arrays.items():
        np.testing.assert_array_equal(array, again.arrays[name], err_msg=name)
    assert again.metrics == found.metrics


def titles_of(found: Findings) -> list[str]:
    return [label.get_text() for axes in found.figure.axes for label in axes.get_xticklabels()]


def test_the_picture(found: Findings, tmp_path: Path) -> None:
    found.figure.savefig(tmp_path / "picture.png")
    assert 10_000 < (tmp_path / "picture.png").stat().st_size < 300_000
    assert len(found.figure.axes) == 7
    tiles = found.figure.axes[0].images[0].get_array()
    original, changed = (found.arrays[f"search/{name}"][0] for name in ("original", "changed"))
    np.testing.assert_allclose(tiles[:, :8], original / 255, atol=1e-6)
    np.testing.assert_allclose(tiles[:, 18:], changed, atol=1e-6)
    peak = np.abs(changed - original / 255).max()
    titles = titles_of(found)
    assert f"±{peak:.2f}" in titles[1] and any("$" in title for title in titles)


@pytest.mark.parametrize(("count", "images"), [(0, 7), (9, 0)])
def test_nothing_to_look_at(count: int, images: int) -> None:
    nothing = find(subject(count), options(images=images))
    assert nothing.arrays["search/changed"].shape == (0, 8, 8, 3)
    assert nothing.arrays["attack/gradcam/original/before"].shape == (0, 8, 8)
    assert nothing.metrics["search"]["images"] == 0
    assert nothing.metrics["search"]["flip_rate"] is None
    assert nothing.metrics["attack"]["accuracy"]["0"] is None
    assert nothing.figure is None


def test_failures_are_shown(tmp_path: Path) -> None:
    """In one step no image gets there."""
    failed = find(subject(3, channels=1), options(images=3, steps=1))
    assert failed.metrics["search"]["flipped"] == 0
    assert failed.metrics["search"]["flip_rate"] == 0
    assert failed.metrics["search"]["median_l1"] is None
    assert sum("not found" in title for title in titles_of(failed)) == 3
    failed.figure.savefig(tmp_path / "picture.png")


def test_each_image_once() -> None:
    rows = subject().rows
    assert len(rows.target) == 15
    for wrong_first in (True, False):
        chosen = distinct_images(rows, wrong_first, limit=100)
        assert len(chosen) == len(set(rows.image_index[chosen])) == 9
        wrong = rows.label[chosen] != rows.predicted[chosen]
        assert (np.diff(wrong.astype(int)) * (1 if wrong_first else -1) <= 0).all()


def test_counterfactual_targets() -> None:
    logits = np.array([[3, 2, 1], [1, 2, 3], [3, 2, 1]], np.float32)
    labels, predicted = np.array([0, 0, 2]), np.array([0, 2, 2])
    # Right: the runner-up. Wrong: the truth. Right by the predictions, not by these logits: the
    # likeliest besides it.
    assert counterfactual_targets(logits, labels, predicted).tolist() == [1, 0, 0]


def test_a_network_without_convolutions_is_attacked_without_maps() -> None:
    image = keras.Input((8, 8, 3))
    scores = keras.layers.Dense(5)(keras.layers.Flatten()(image))
    cell = replace(subject(2), network=Network(keras.Model(image, scores)))
    found = find(cell, options(images=2, steps=2))
    assert found.metrics["attack"]["layer"] is None
    assert found.metrics["attack"]["map_correlation"] == {}
    assert not any(name.startswith("attack/gradcam") for name in found.arrays)
    drawn = counterfactuals(found.arrays)
    assert drawn is not None and len(drawn.attacks) == 2 and not drawn.mapped
