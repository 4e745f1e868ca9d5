"""Which networks the live page can have, and what it is given of one."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.attribution.core.network import Network
from heatproof.config import params
from heatproof.playground import export, precision
from heatproof.playground.data_file import script
from heatproof.playground.export import NotOnPage
from heatproof.playground.layer_kinds import Unknown
from heatproof.playground.operations import operations
from heatproof.storage import paths, playground_files
from stages import playground
from tests.playground.networks import CLASSES, DESIGNS, context, recorded, small
from tests.small_cell import write_cell, write_params


def of_layers(*chain: keras.layers.Layer, shape: tuple[int, ...] = (5, 4, 2)) -> keras.Model:
    image = keras.Input(shape)
    x = image
    for layer in chain:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_record_has_every_layer_and_all_of_its_weights(name: str) -> None:
    content, network = recorded(name), small(name)
    assert [node["name"] for node in content["graph"]][-1] == "logits"
    assert {layer.name for layer in network.model.layers} == {n["name"] for n in content["graph"]}
    for number, node in enumerate(content["graph"]):
        assert all(read < number for read in node["inputs"])
        if "bias" in node:
            assert node["bias"] == node["weights"] + 1
    size = sum(4 * array["length"] for array in content["arrays"])
    assert len(base64.b64decode(content["weights"])) == size == content["precision"]["bytes"]
    assert json.loads(json.dumps(content)) == content, "as it comes back from the file"


def test_names_of_classes_are_data_in_the_script() -> None:
    text = script(recorded("simple_cnn"))
    assert text.startswith("playground.receive({") and text.isascii()
    body = text.removeprefix("playground.receive(").removesuffix(");\n")
    assert json.loads(body)["classes"] == list(CLASSES)


@pytest.mark.parametrize(
    ("layer", "pad", "give"),
    [
        # TensorFlow adds the odd one of `same` at the end.
        (layers.Conv2D(3, 3, padding="same"), [1, 1], [5, 4, 3]),
        (layers.Conv2D(3, 3, strides=2, padding="same"), [1, 0], [3, 2, 3]),
        (layers.Conv2D(3, 2, padding="same"), [0, 0], [5, 4, 3]),
        (layers.Conv2D(3, 3, dilation_rate=2, padding="same"), [2, 2], [5, 4, 3]),
        (layers.Conv2D(3, 3, padding="valid"), [0, 0], [3, 2, 3]),
        (layers.MaxPooling2D(3, 2, padding="same"), [1, 0], [3, 2, 2]),
        (layers.DepthwiseConv2D(3, padding="same"), [1, 1], [5, 4, 2]),
    ],
)
def test_windows_lie_where_tensorflow_puts_them(
    layer: keras.layers.Layer, pad: list[int], give: list[int]
) -> None:
    facts = operations(of_layers(layer))[1].facts
    assert (facts["pad"], facts["give"], facts["read"]) == (pad, give, [5, 4, 2])


def test_a_layer_that_ends_in_an_activation_is_two_steps() -> None:
    steps = operations(of_layers(layers.Conv2D(3, 1, activation="relu", name="c")))
    assert [(step.name, step.operation) for step in steps[1:]] == [
        ("c before relu", "convolve"),
        ("c", "activate"),
    ]
    assert steps[2].inputs == [1] and steps[2].weights is None


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (lambda: layers.UpSampling2D(name="up"), "layers of the kind UpSampling2D, as 'up' is"),
        (lambda: layers.Conv2D(4, 1, groups=2, name="g"), "convolutions in groups, as 'g' is"),
        (lambda: layers.Activation("selu", name="a"), "the activation selu, as 'a' has it"),
        (lambda: layers.ReLU(negative_slope=0.1, name="r"), "a ReLU with a slope, as 'r' is"),
        (
            lambda: layers.DepthwiseConv2D(2, depth_multiplier=2, name="d"),
            "depthwise convolutions of several filters a channel, as 'd' is",
        ),
        (
            lambda: layers.LayerNormalization(axis=[1, 2, 3], name="n"),
            "a layer normalisation of more than channels, as 'n' is",
        ),
    ],
)
def test_what_the_engine_has_not_is_named(
    layer: Callable[[], keras.layers.Layer], said: str
) -> None:
    with pytest.raises(Unknown, match=f"^{said}$"):
        operations(of_layers(layer()))


def refused(model: keras.Model) -> str:
    side, *_, channels = model.input_shape[1:]
    images = np.random.default_rng(0).random((8, side, side, channels)).astype(np.float32)
    with pytest.raises(NotOnPage) as reason:
        export.record("cell", Network(model), CLASSES, images, {}, context("simple_cnn"))
    return str(reason.value)


def test_larger_images_and_unknown_layers_are_refused() -> None:
    tall = of_layers(layers.Flatten(), layers.Dense(4), shape=(65, 65, 1))
    assert refused(tall) == "its images have 65×65 pixels; the page's have at most 64×64"
    up = of_layers(
        layers.UpSampling2D(name="up"), layers.Flatten(), layers.Dense(4), shape=(6, 6, 1)
    )
    assert refused(up) == "the page has no layers of the kind UpSampling2D, as 'up' is"


def dense() -> keras.Model:
    keras.utils.set_random_seed(0)
    chain = layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dense(4, name="logits")
    return of_layers(*chain, shape=(6, 6, 1))


def test_weights_that_do_not_fit_even_in_8_bits_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "MAX_BYTES", 1000)
    assert refused(dense()) == "its weights take 0.00157 MB in 8 bits each; the page takes 0.001 MB"


def test_the_finest_precision_that_fits_is_taken_and_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, images = Network(dense()), np.random.default_rng(0).random((50, 6, 6, 1), np.float32)
    found = {}
    for limit in (6000, 3000, 1600):
        monkeypatch.setattr(export, "MAX_BYTES", limit)
        content = export.record("cell", network, CLASSES, images, {}, context("simple_cnn"))
        found[content["precision"]["stored"]] = content["precision"]
        assert content["precision"]["bytes"] <= limit
        assert len(base64.b64decode(content["weights"])) == content["precision"]["bytes"]
    assert tuple(found) == precision.STORED
    exact, half, coarse = found.values()
    assert exact["logits"] == 0 < half["logits"] < coarse["logits"] < 0.1
    assert half["gradcam"] is None, "there is no feature map"
    assert all(each["images"] == 50 and each["same_predictions"] >= 49 for each in found.values())


def test_rounding_that_changes_predictions_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes that differ by less than a step of int8 become the same."""
    model = of_layers(layers.Flatten(), layers.Dense(4), shape=(6, 6, 1))
    kernel = np.zeros((36, 4), np.float32)
    kernel[0], kernel[1] = 100, [1, 1.01, 1.02, 1.03]
    model.layers[-1].set_weights([kernel, np.zeros(4)])
    monkeypatch.setattr(export, "MAX_BYTES", 200)
    assert refused(model) == (
        "its weights are at most 0.0002 MB only as int8, and so rounded they change 8 of 8 "
        "predictions"
    )


def test_rounding_is_to_the_nearest_step_of_each_column() -> None:
    array = np.array([[0.0, 1.0, 0.0], [-2.54, 0.5, 0.0], [1.0, -0.25, 0.0]], np.float32)
    coarse = precision.rounded(array, "int8")
    steps = np.array([0.02, 1 / 127, 1.0])
    assert (np.abs(coarse - array) <= steps / 2 + 1e-7).all()
    np.testing.assert_allclose(coarse[[1, 0], [0, 1]], [-2.54, 1.0], rtol=1e-6)
    assert (coarse[:, 2] == 0).all()
    assert (precision.rounded(array, "float16") == array.astype(np.float16)).all()
    vector = np.array([0.1], np.float32)
    assert precision.rounded(vector, "int8") is vector, "biases keep their precision"


@pytest.mark.parametrize(("name", "columns"), [("simple_cnn", 6), ("cct", 3)])
def test_a_map_of_tokens_has_the_columns_of_their_grid(name: str, columns: int) -> None:
    described = {each["name"]: each for each in recorded(name)["methods"]}
    assert described["gradcam"]["columns"] == columns and "columns" not in described["saliency"]


CELL = "simple_cnn-digits"


def test_the_stage_writes_a_record_or_why_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(CELL)
    write_cell(CELL, 8, 1, lambda predicted: predicted % 2 == 0)
    monkeypatch.setattr("sys.argv", ["playground", "--cell", CELL])
    playground.main()
    content = playground_files.read(CELL)
    assert content["name"] == CELL and content["input"] == [8, 8, 1]
    listed = params.load().explain.gradients
    layer = next(each for each in content["methods"] if each["name"] == "gradcam")["layer"]
    assert "gradcam" in listed and layer == "conv2_relu"
    before = paths.playground(CELL).read_bytes()
    playground.main()
    assert paths.playground(CELL).read_bytes() == before
    monkeypatch.setattr(export, "MAX_SIDE", 7)
    playground.main()
    reason = "its images have 8×8 pixels; the page's have at most 7×7"
    assert playground_files.read(CELL) == {"refused": reason}
