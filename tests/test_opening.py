"""A network of one's own at hand: the same predictions, every method, and what is refused."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import heatproof
from heatproof import api
from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution
from heatproof.run.errors import UserError

SIZE, CLASSES = (12, 12, 3), 3
NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """A network that takes pixels in [-1, 1], and tells the brightest channel."""
    network = keras.Sequential([
        layers.Input(SIZE), layers.Conv2D(3, 3, activation="relu", use_bias=False),
        layers.GlobalAveragePooling2D(), layers.Dense(CLASSES, activation="softmax"),
    ])  # fmt: skip
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[1, 1] = np.eye(3)
    network.set_weights([kernel, 50 * np.eye(3, dtype=np.float32), np.zeros(3)])
    return network


@pytest.fixture(scope="module")
def labelled() -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(60) % CLASSES
    images = np.random.default_rng(0).random((60, *SIZE)) * 0.4
    images[np.arange(60), :, :, labels] += 0.55
    return np.rint(255 * images).astype(np.uint8), labels


def test_it_predicts_as_the_network_and_has_every_method(model, labelled) -> None:
    images, labels = labelled
    opened = heatproof.open_model(model, NAMES, images, labels=labels, scaling="tf")
    given = images[:4].astype(np.float32) / 255
    np.testing.assert_allclose(opened.predict(given), model(given * 2 - 1), atol=1e-5)
    np.testing.assert_array_equal(opened.predict(images[:4]), opened.predict(given))
    for wrong in (255 * given, images[:4].astype(int), given - 1):
        with pytest.raises(UserError, match=r"expected uint8, or floats in \[0, 1\]"):
            opened.explain("saliency", wrong, labels[:4])
    assert list(opened.methods) == [
        name
        for stage in opened.families
        for name, method in registry.of_stage(stage).items()
        if method.needs != "attention"
    ]
    with pytest.raises(UserError, match="'raw_attention' is for networks with attention between"):
        opened.explain("raw_attention", given, labels[:4])
    assert opened.class_index("b") == 1
    assert "softmax at its end was taken off" in opened.notes[0]
    assert opened.notes[1] == "100% of 60 labelled images are right"
    maps = opened.explain("lrp_epsilon", given, labels[:4])
    named = opened.explain("lrp_epsilon", given, [NAMES[label] for label in labels[:4]])
    assert isinstance(named, Attribution)
    np.testing.assert_array_equal(named.maps, maps.maps)
    wrong_targets = ([3, 0, 0, 0], [-1, 0, 0, 0], [0], [0] * 5, [0.5, 0, 0, 0], 0, None)
    for targets in wrong_targets:
        with pytest.raises(UserError, match="expected one class for each of the 4 images"):
            opened.explain("lrp_epsilon", given, targets)
    with pytest.raises(UserError, match="no class 'd'"):
        opened.explain("lrp_epsilon", given, ["a", "b", "c", "d"])
    assert isinstance(maps, Attribution)
    assert maps.maps.shape == (4, *SIZE[:2])
    assert heatproof.show(given, lrp_epsilon=maps).png.startswith(b"\x89PNG")
    assert heatproof.open_model is api.open_model


def test_a_scaling_that_is_not_the_networks_is_told(model, labelled) -> None:
    images, _ = labelled
    labels = np.zeros(60, int)
    always = keras.Sequential([layers.Input(SIZE), layers.Conv2D(1, 1), layers.Flatten(),
                               layers.Dense(2)])  # fmt: skip
    # Right where pixels come in [0, 255] alone: their sum is beyond what [0, 1] can reach.
    kernel, bias, dense, last = (np.zeros_like(weight) for weight in always.get_weights())
    kernel[:], dense[:, 0], last[1] = 1, 1, 5000
    always.set_weights([kernel, bias, dense, last])
    opened = heatproof.open_model(always, None, images, labels=labels)
    assert opened.notes == (
        '0% of 60 labelled images are right; with scaling="255" it would be 100%',
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"class_names": ["a", "b", "a"]}, "two classes have one name"),
        ({"class_names": ["a"]}, "1 of them, and the network gives 3 scores"),
        ({"images": np.zeros((2, 5, 5, 3), np.uint8)}, r"the network takes \(n, 12, 12, 3\)"),
        ({"images": np.zeros((0, *SIZE), np.uint8)}, "n at least 1"),
        ({"images": np.full((2, *SIZE), 7.0)}, "expected uint8, or floats"),
        ({"images": np.full((2, *SIZE), np.nan)}, "expected uint8, or floats"),
        ({"labels": np.array([0])}, "one whole number for each of the 2 images"),
        ({"labels": np.array([0, 3])}, "expected 0 to 2"),
        ({"scaling": "tfs"}, "did you mean 'tf'"),
        ({"model": "missing.keras"}, "there is no such file"),
    ],
)
def test_what_does_not_fit_is_refused(model, changed: dict, message: str) -> None:
    given = {"model": model, "class_names": NAMES, "images": np.zeros((2, *SIZE), np.uint8)}
    with pytest.raises(UserError, match=message):
        heatproof.open_model(**given | changed)


def test_a_file_is_opened_as_the_network_in_memory(model, labelled, tmp_path: Path) -> None:
    images, _ = labelled
    given = images[:2].astype(np.float32) / 255
    expected = heatproof.open_model(model, NAMES, images).predict(given)
    for name in ("model.keras", "model.h5"):
        model.save(tmp_path / name)
        opened = heatproof.open_model(tmp_path / name, NAMES, images)
        np.testing.assert_allclose(opened.predict(given), expected, atol=1e-6)
