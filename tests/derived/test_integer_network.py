"""An 8-bit program beside NumPy by LiteRT's formulas, and its twin of floats beside it."""

import keras
import numpy as np
import pytest

from heatproof.attribution.core.network import Network
from heatproof.derived import integer_network
from heatproof.models import integer_program, litert
from heatproof.models.integer_program import IntegerProgram, program_of
from heatproof.run.errors import UserError

SIDE, FILTERS, CLASSES = 6, 3, 4


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    whole = np.random.default_rng(1).integers(0, 256, (60, SIDE, SIDE, 1), dtype=np.uint8)
    whole[0], whole[1] = 0, 255  # the range of an image, whole
    return whole


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input((SIDE, SIDE, 1), name="image")
    x = keras.layers.Conv2D(FILTERS, 3, bias_initializer="normal", name="conv")(image)
    x = keras.layers.ReLU(name="relu")(x)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = keras.layers.Dense(CLASSES, bias_initializer="normal", name="logits")(x)
    return keras.Model(image, logits, name="small")


@pytest.fixture(scope="module")
def content(model: keras.Model, images: np.ndarray) -> bytes:
    return integer_network.converted(model, images)


def tensors(content: bytes) -> dict[str, tuple[np.ndarray | None, np.ndarray, int]]:
    """Return a program's tensors by shape: whole numbers where constant, scales, zero point."""
    runner = IntegerProgram(content)._interpreter
    runner.allocate_tensors()
    found = {}
    for each in runner.get_tensor_details():
        scales = each["quantization_parameters"]["scales"]
        zeros = each["quantization_parameters"]["zero_points"]
        if len(scales):
            try:
                values = runner.get_tensor(each["index"])
            except ValueError:  # computed, and not there yet
                values = None
            key = f"{each['dtype'].__name__} {tuple(map(int, each['shape']))}"
            found[key] = values, scales, int(zeros[0])
    return found


def test_a_convolution_and_a_dense_layer_are_those_of_numpy(
    content: bytes, images: np.ndarray
) -> None:
    of = tensors(content)
    kernel, kernel_scale, _ = of[f"int8 ({FILTERS}, 3, 3, 1)"]
    bias, _, _ = of[f"int32 ({FILTERS},)"]
    given_scale, given_zero = of[f"int8 (1, {SIDE}, {SIDE}, 1)"][1:]
    maps_scale, maps_zero = of[f"int8 (1, 4, 4, {FILTERS})"][1:]
    assert given_scale[0] == pytest.approx(1 / 255, rel=1e-3) and given_zero == -128
    assert kernel is not None and bias is not None and kernel.min() >= -127

    x = np.clip(np.rint(images / 255 / given_scale[0]) + given_zero, -128, 127).astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(x[..., 0] - given_zero, (3, 3), (1, 2))
    sums = np.einsum("nhwij,fij->nhwf", windows, kernel[..., 0].astype(np.int64)) + bias
    multiplier = given_scale[0].astype(np.float64) * kernel_scale / maps_scale[0]
    maps = np.clip(np.rint(sums * multiplier) + maps_zero, maps_zero, 127)

    weights, weight_scale, _ = of[f"int8 ({CLASSES}, {16 * FILTERS})"]
    dense_bias, _, _ = of[f"int32 ({CLASSES},)"]
    out_scale, out_zero = of[f"int8 (1, {CLASSES})"][1:]
    assert weights is not None and dense_bias is not None
    flat = (maps - maps_zero).reshape(len(images), -1).astype(np.int64)
    sums = flat @ weights.astype(np.int64).T + dense_bias
    multiplier = maps_scale[0].astype(np.float64) * weight_scale / out_scale[0]
    expected = np.clip(np.rint(sums * multiplier) + out_zero, -128, 127)

    logits = IntegerProgram(content).logits(images.astype(np.float32) / 255)
    whole = np.rint(logits / out_scale[0]) + out_zero
    # A sum between two whole numbers is rounded in fixed point there, in floats here.
    assert np.abs(whole - expected).max() <= 1
    assert (whole == expected).mean() > 0.9


def test_the_twin_has_the_kernels_of_the_program_and_predicts_by_it(
    model: keras.Model, content: bytes, images: np.ndarray
) -> None:
    twin, found, count = integer_network.twin(model, content)
    assert (found, count) == (2, 2)
    kernel, scale, _ = tensors(content)[f"int8 ({FILTERS}, 3, 3, 1)"]
    assert kernel is not None
    stood_for = np.moveaxis(kernel * scale.reshape(-1, 1, 1, 1), 0, -1)
    np.testing.assert_array_equal(twin.get_layer("conv").get_weights()[0], stood_for)

    network, pixels = Network(twin), images.astype(np.float32) / 255
    program = program_of(twin)
    assert program is not None
    np.testing.assert_array_equal(network.logits(pixels), program.logits(pixels))
    apart = np.abs(network.logits(pixels) - twin(pixels).numpy())
    assert 0 < apart.max() < 0.1 * np.abs(twin(pixels).numpy()).max()

    bare = keras.models.clone_model(twin)
    bare.set_weights(twin.get_weights())
    targets = np.zeros(len(images), np.int64)
    np.testing.assert_array_equal(
        network.score_gradients(pixels, targets), Network(bare).score_gradients(pixels, targets)
    )


def test_a_copy_with_other_weights_computes_by_itself(
    model: keras.Model, content: bytes, images: np.ndarray
) -> None:
    twin, _, _ = integer_network.twin(model, content)
    network, pixels = Network(twin), images[:5].astype(np.float32) / 255
    before = network.logits(pixels)
    other = keras.models.clone_model(twin)
    other.set_weights([values * 2 for values in twin.get_weights()])
    network.load(other)
    np.testing.assert_allclose(network.logits(pixels), other(pixels).numpy(), atol=1e-5)
    network.load(twin)
    np.testing.assert_array_equal(network.logits(pixels), before)


def test_a_program_is_in_the_description_and_comes_out_of_it(
    model: keras.Model, content: bytes
) -> None:
    twin, _, _ = integer_network.twin(model, content)
    taken = integer_program.taken_out(integer_program.described(twin))
    assert taken.program == content and content not in taken.description.encode()
    assert integer_program.taken_out(model.to_json()).program == b""


def test_converting_writes_nothing_on_the_console(
    model: keras.Model, images: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    integer_network.converted(model, images)
    litert.converted(model)
    assert capfd.readouterr() == ("", "")


def test_what_litert_cannot_convert_is_refused_in_a_line(
    images: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    image = keras.Input((SIDE, SIDE, 1), name="image")
    logits = keras.layers.Dense(CLASSES)(keras.layers.Flatten()(keras.ops.erfinv(image)))
    with pytest.raises(UserError, match=r"LiteRT cannot convert it.*Erfinv") as refused:
        integer_network.converted(keras.Model(image, logits, name="odd"), images)
    assert "\n" not in str(refused.value) and capfd.readouterr() == ("", "")


def test_a_damaged_program_is_refused_in_a_line() -> None:
    with pytest.raises(UserError, match=r"LiteRT cannot load"):
        IntegerProgram(b"no program").logits(np.zeros((1, 2, 2, 1), np.float32))


def test_converting_again_gives_the_same_bytes(
    model: keras.Model, content: bytes, images: np.ndarray
) -> None:
    assert integer_network.converted(model, images) == content
