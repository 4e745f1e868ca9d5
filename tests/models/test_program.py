"""A SavedModel and an ONNX file: the same logits and maps as the Keras network, or refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import heatproof
from heatproof.attribution import registry
from heatproof.attribution.core.method import PREDICTIONS, UnsupportedNetwork
from heatproof.models import black_box, existing, program
from heatproof.models.architectures.saved import Network, described
from heatproof.models.cost import flops_if_known, parameters
from heatproof.models.memory import activation_bytes
from heatproof.run.errors import UserError
from tests.models import programs
from tests.models.programs import CLASSES, SIZE, logits, onnx_file

HEIGHT, WIDTH, _ = SIZE


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return programs.network()


@pytest.fixture(scope="module")
def saved(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return programs.saved_model(model, tmp_path_factory.mktemp("program") / "net")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((5, *SIZE), np.float32)


def nodes(*made: tuple[str, list[str], list[str]], **options: Any) -> tuple[Any, ...]:
    onnx = pytest.importorskip("onnx")
    return tuple(onnx.helper.make_node(*each, **options) for each in made)


def as_saved(model: keras.Model, saved: Path, place: Path) -> Path:
    return saved


def as_onnx(**options: Any) -> Callable[[keras.Model, Path, Path], Path]:
    return lambda model, saved, place: onnx_file(model, place / "net.onnx", **options)


# How it is brought -> what is said of its channels, and how many at a time.
BROUGHT: dict[str, tuple[Callable[..., Path], str, int | None]] = {
    "SavedModel": (as_saved, "NHWC", None),
    "any batch": (as_onnx(), "NCHW", None),
    "channels last": (as_onnx(shape=("n", HEIGHT, WIDTH, 3)), "NHWC", None),
    "one at a time": (as_onnx(shape=(1, 3, HEIGHT, WIDTH)), "NCHW", 1),
    "three at a time": (as_onnx(shape=(3, HEIGHT, WIDTH, 3)), "NHWC", 3),
    "any size": (as_onnx(shape=("n", 3, "h", "w")), "NCHW", None),
}


@pytest.mark.parametrize("how", BROUGHT)
def test_its_logits_are_those_of_the_network(
    model: keras.Model, saved: Path, images: np.ndarray, tmp_path: Path, how: str
) -> None:
    bring, channels, batch = BROUGHT[how]
    file = bring(model, saved, tmp_path)
    network = Network.model_validate({
        "architecture": "saved", "file": str(file), "scaling": "caffe",
        "classes": ["b", "c", "a"],
    })  # fmt: skip
    flat = existing.opened(network, existing.unscaled(network, SIZE), ["a", "b", "c"])
    expected = logits(model, network.scales.applied(images))[:, [2, 0, 1]]
    _alike(np.asarray(flat.model(images)), expected)
    said = " ".join(flat.notes)
    assert f"({channels})" in said and "softmax at its end was taken off" in said
    box = black_box.within(flat.model)
    assert box is not None and box.interface.batch == batch
    assert parameters(flat.model) == model.count_params() and flops_if_known(flat.model) is None
    assert activation_bytes(flat.model) > 4 * np.prod(SIZE) + 4 * 4 * 6 * 8


@pytest.mark.parametrize("bring", [as_saved, as_onnx()])
def test_the_maps_are_those_of_the_keras_network_and_what_needs_more_says_so(
    model: keras.Model, saved: Path, images: np.ndarray, tmp_path: Path, bring: Callable[..., Path]
) -> None:
    file, targets = bring(model, saved, tmp_path), np.arange(5) % CLASSES
    known, opaque = (
        heatproof.open_model(each, None, np.rint(255 * images).astype(np.uint8))
        for each in (model, file)
    )
    for name, method in registry.methods().items():
        if method.needs != PREDICTIONS:
            with pytest.raises(
                UnsupportedNetwork, match=f"network’s {method.needs}.* are needed, and a"
            ):
                opaque.explain(name, images[:1], targets[:1])
            continue
        expected, found = (each.explain(name, images, targets).maps for each in (known, opaque))
        size = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, atol=1e-4 * size, err_msg=name)
    black = [name for name, method in registry.methods().items() if method.needs == PREDICTIONS]
    assert {"lime", "occlusion", "partition_shap", "rise"} <= set(black)


@pytest.mark.parametrize("bring", [as_saved, as_onnx()])
def test_what_is_kept_of_it_is_always_the_same_and_gives_it_back(
    model: keras.Model, saved: Path, images: np.ndarray, tmp_path: Path, bring: Callable[..., Path]
) -> None:
    file = bring(model, saved, tmp_path)
    one, other = (existing.scaled(existing.read(file, SIZE), _none()).model for _ in range(2))
    assert one.to_json() == other.to_json()
    np.testing.assert_array_equal(one.get_weights()[0], other.get_weights()[0])
    again = described(Path("x.weights.h5"), one.to_json())
    again.set_weights(one.get_weights())
    np.testing.assert_array_equal(np.asarray(again(images)), np.asarray(one(images)))


def _none() -> Any:
    from heatproof.models.scaling import SCALINGS

    return SCALINGS["none"]


def test_pixels_as_bytes_and_the_end_of_a_network(model, images, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    expected = logits(model, np.rint(255 * images))
    whole = onnx_file(model, tmp_path / "bytes.onnx", dtype=onnx.TensorProto.UINT8)
    found = np.asarray(existing.read(whole, SIZE).model(np.rint(255 * images)))
    _alike(found, expected)

    # A softmax before something else stays, and its logarithm is taken.
    end = nodes(("Softmax", ["logits"], ["p"]), ("Abs", ["p"], ["scores"]))
    flat = existing.read(onnx_file(model, tmp_path / "abs.onnx", end=end), SIZE)
    np.testing.assert_allclose(
        np.asarray(flat.model(images)), np.log(np.asarray(model(images))), atol=1e-5
    )
    assert "explanations are of their logarithms" in flat.notes[-1]

    end = nodes(("LogSoftmax", ["logits"], ["scores"]))
    flat = existing.read(onnx_file(model, tmp_path / "log.onnx", end=end), SIZE)
    _alike(np.asarray(flat.model(images)), logits(model, images))


def test_one_sigmoid_is_two_logits(images, tmp_path: Path) -> None:
    single = keras.Sequential([
        keras.layers.Input(SIZE), keras.layers.Flatten(),
        keras.layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    flat = existing.read(programs.saved_model(single, tmp_path / "one"), SIZE)
    found = np.asarray(keras.ops.softmax(flat.model(images)))
    np.testing.assert_allclose(found[:, 1:], single(images), atol=1e-5)
    assert "one sigmoid unit" in flat.notes[-1]


def _alike(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(one, other, atol=1e-5 * np.abs(other).max())


def test_a_folder_of_onnx_and_its_weights(model, images, tmp_path: Path) -> None:
    place = tmp_path / "both"
    place.mkdir()
    saving = {"save_as_external_data": True, "location": "net.data", "size_threshold": 0}
    file = onnx_file(model, place / "net.onnx", saving=saving)
    with pytest.raises(UserError, match=r"weights are in net\.data: put both into a folder"):
        existing.read(file, SIZE)
    flat = existing.read(place, SIZE)
    _alike(np.asarray(flat.model(images)), logits(model, images))
    before = program.checksum(place)
    (place / "net.data").write_bytes(b"x")
    assert program.checksum(place) != before
    with pytest.raises(UserError, match=r"net\.data: these weights are missing or damaged"):
        existing.read(place, SIZE)


def exported(folder: Path, shape: tuple[int | None, ...], weights: np.ndarray) -> Path:
    """Save a dense layer on all pixels, of a fixed number of images or of any size."""

    class Dense(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = tf.Variable(weights)

        @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32)])
        def serve(self, images: Any) -> Any:
            return tf.reshape(images, (-1, weights.shape[0])) @ self.weights

    dense = Dense()
    tf.saved_model.save(dense, str(folder), {"serving_default": dense.serve})
    return folder


def test_a_saved_model_of_three_at_a_time_or_of_a_size_it_does_not_say(images, tmp_path) -> None:
    weights = np.random.default_rng(1).random((np.prod(SIZE), 2), np.float32)
    flat = existing.read(exported(tmp_path / "three", (3, *SIZE), weights), SIZE)
    _alike(np.asarray(flat.model(images)), images.reshape(5, -1) @ weights)
    assert "it takes 3 at a time" in flat.notes
    anything = exported(tmp_path / "any", (None, None, None, 3), weights)
    _alike(np.asarray(existing.read(anything, SIZE).model(images)), images.reshape(5, -1) @ weights)
    with pytest.raises(UserError, match=r"any: (it cannot be run|for 2 images it gives)"):
        existing.read(anything, (9, 9, 3))


def test_a_size_is_asked_for_where_there_is_none(model, tmp_path: Path) -> None:
    network = Network.model_validate({
        "architecture": "saved",
        "file": str(onnx_file(model, tmp_path / "any.onnx", ("n", 3, "h", "w"))),
    })  # fmt: skip
    with pytest.raises(UserError, match="images of any size: choose one by --size"):
        existing.own_shape(network)
    assert existing.own_shape(network, (12, 12)) == (12, 12, 3)


def test_what_is_no_such_file_is_refused_in_a_line(model, saved: Path, tmp_path: Path) -> None:
    def changed(name: str, change: Callable[[Path], object]) -> Path:
        copy = tmp_path / name
        shutil.copytree(saved, copy)
        change(copy)
        return copy

    def truncated(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    pb, index = "saved_model.pb", "variables/variables.index"
    data = "variables/variables.data-00000-of-00001"
    cases: list[tuple[Path, str]] = [
        (changed("pickle", lambda p: (p / pb).write_bytes(b"\x80\x04K\x01.")), "damaged|has 0"),
        (changed("empty", lambda p: (p / pb).write_bytes(b"")), "it has 0 graphs"),
        (changed("cut", lambda p: truncated(p / pb)), "no SavedModel, or damaged"),
        (changed("index", lambda p: truncated(p / index)), "no checkpoint, or damaged"),
        (changed("data", lambda p: truncated(p / data)), "damaged"),
        (changed("lost", lambda p: shutil.rmtree(p / "variables")), "no checkpoint, or damaged"),
        (changed("text", lambda p: (p / pb).rename(p / "saved_model.pbtxt")), "saved_model.pb"),
        (changed("asset", lambda p: (p / "assets" / "a.txt").write_text("x")),
         "a file for the network to read"),
        (changed("link", lambda p: (p / "more").symlink_to("/etc")), "a link or a device"),
    ]  # fmt: skip
    for path, message in cases:
        with pytest.raises(UserError, match=message) as refused:
            existing.read(path, SIZE)
        assert "\n" not in str(refused.value)


def test_what_is_no_image_classifier_is_refused(tmp_path: Path) -> None:
    layers = keras.layers
    image = keras.Input(SIZE)
    flat = layers.Flatten()(image)
    for name, network, message in (
        ("two", keras.Model(image, [layers.Dense(2)(flat), layers.Dense(3)(flat)]),
         "gives 'output_0' and 'output_1'"),
        ("text", keras.Sequential([layers.Input((7,), dtype="int32"), layers.Embedding(5, 2),
                                   layers.Flatten(), layers.Dense(2)]), "it has|takes int32"),
        ("map", keras.Model(image, layers.Conv2D(2, 3)(image)), r"gives \(2, 6, 8, 2\)"),
        ("number", keras.Model(image, layers.Dense(1)(flat)), "it gives one number"),
        ("many", keras.Model(image, layers.Dense(3, activation="sigmoid")(flat)),
         "ends in a sigmoid, of 3"),
        ("four", keras.Sequential([layers.Input((8, 8, 4)), layers.Flatten(), layers.Dense(2)]),
         r"\(any, 8, 8, 4\); expected 1 or 3 channels"),
    ):  # fmt: skip
        folder = programs.saved_model(network, tmp_path / name)
        with pytest.raises(UserError, match=message):
            existing.read(folder, SIZE)
