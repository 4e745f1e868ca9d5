"""A network of a file as params.yaml has it: its size, its scaling, its classes in order."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.models import existing
from heatproof.models.architectures.saved import Network
from heatproof.models.scaling import SCALINGS, Scaling
from heatproof.run.errors import UserError

SIZE = (8, 10, 3)
NAMES = ("ant", "bee", "cow")


def network(file: Path, **options: object) -> Network:
    return Network.model_validate({"architecture": "saved", "file": str(file), **options})


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(2)
    return keras.Sequential([
        layers.Input((None, None, 3)), layers.Conv2D(4, 3, activation="relu"),
        layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def file(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((4, *SIZE), np.float32)


@pytest.mark.parametrize("scaling", [*SCALINGS, {"mean": [0.5], "std": [0.25]}])
def test_it_is_given_what_its_scaling_says_and_its_logits_are_those_of_the_classes(
    model: keras.Model, file: Path, images: np.ndarray, scaling: str | dict
) -> None:
    options = network(file, scaling=scaling, classes=["bee", "cow", "ant"])
    opened = existing.opened(options, existing.unscaled(options, SIZE), NAMES)
    expected = model(options.scales.applied(images))
    found = keras.ops.softmax(opened.model(images))
    np.testing.assert_allclose(np.asarray(found)[:, [1, 2, 0]], expected, atol=1e-5)
    assert opened.model.input_shape == (None, *SIZE), "it takes any size; the dataset's is given"


def test_scalings_on_paper() -> None:
    image = np.array([[[[0.0, 0.5, 1.0]]]], np.float32)
    expected = {
        "none": [0, 0.5, 1],
        "255": [0, 127.5, 255],
        "tf": [-1, 0, 1],
        "caffe": [255 - 103.939, 127.5 - 116.779, -123.68],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(SCALINGS[name].applied(image)[0, 0, 0], values, atol=1e-4)
    np.testing.assert_allclose(Scaling((0.5,), (0.25,)).applied(image)[0, 0, 0], [-2, 0, 2])


@pytest.mark.parametrize(
    ("changed", "shape", "classes", "message"),
    [
        ({}, SIZE, NAMES[:2], r"gives 3 scores, and the dataset has 2 classes \(ant, bee\)"),
        ({"classes": ["ant", "bee", "cwo"]}, SIZE, NAMES, "no class 'cwo'; did you mean 'cow'"),
        ({"classes": ["ant", "bee"]}, SIZE, NAMES, "2 of them, and the dataset has 3"),
        ({"sha256": "0" * 64}, SIZE, NAMES, "its SHA-256 is [0-9a-f]{64}, network.sha256 is 000"),
        ({"scaling": "torch"}, (*SIZE[:2], 1), NAMES, r"\(8, 10, 1\) does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(
    file: Path, changed: dict, shape: tuple, classes: tuple, message: str
) -> None:
    options = network(file, **changed)
    with pytest.raises(UserError, match=message):
        existing.opened(options, existing.unscaled(options, shape), classes)


def test_other_files_and_networks_are_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "loop.keras").symlink_to(tmp_path / "loop.keras")
    fixed = keras.Sequential([layers.Input((6, 6, 3)), layers.Flatten(), layers.Dense(3)])
    fixed.save(tmp_path / "fixed.keras")
    kernel, bias = fixed.get_weights()
    fixed.set_weights([kernel * np.nan, bias])
    fixed.save(tmp_path / "nan.keras")
    for path, message in (
        (tmp_path, "this is a folder"),
        (tmp_path / "loop.keras", "there is no such file"),
        (tmp_path / "missing.keras", "there is no such file"),
        (tmp_path / "fixed.keras", r"takes .* 6×6 .* have 8×10 .*`size: \[6, 6\], colour: rgb`"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=message):
            existing.unscaled(network(path), SIZE)
    with pytest.raises(UserError, match="NaN or infinity among its weights"):
        existing.unscaled(network(tmp_path / "nan.keras"), (6, 6, 3))


def test_its_own_size_is_found(file: Path, tmp_path: Path) -> None:
    fixed = keras.Sequential([layers.Input((6, 7, 1)), layers.Flatten(), layers.Dense(3)])
    fixed.save(tmp_path / "fixed.h5")
    assert existing.own_shape(network(tmp_path / "fixed.h5")) == (6, 7, 1)
    assert existing.own_shape(network(file), (32, 32)) == (32, 32, 3)
    with pytest.raises(UserError, match="choose one by --size"):
        existing.own_shape(network(file))
    with pytest.raises(UserError, match="6×7 pixels; leave out --size"):
        existing.own_shape(network(tmp_path / "fixed.h5"), (32, 32))


def test_logits_that_are_not_a_dense_layers_stay_in_their_order(tmp_path: Path) -> None:
    image = keras.Input(SIZE)
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(image))
    keras.Model(image, pooled).save(tmp_path / "pooled.keras")
    options = network(tmp_path / "pooled.keras", classes=["bee", "ant", "cow"])
    with pytest.raises(UserError, match="not from a dense layer, and can only stay in their order"):
        existing.opened(options, existing.unscaled(options, SIZE), NAMES)
