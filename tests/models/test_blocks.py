"""What `vgg_cnn` and `mobilenet_v2` may be made of beside what they are by default."""

import keras
import numpy as np
import pytest

from heatproof.models import blocks
from heatproof.models.architectures import vgg_cnn
from heatproof.run.errors import UserError
from tests import small_cell
from tests.models.networks import COLOUR, GRAY, network, shared
from tests.models.test_design import fed_by, kinds, sizes
from tests.models.test_repeatable import meeting

VGG = {"blocks": [[4, 4], [6, 6]], "dense": 8}
DEPTHWISE = "DepthwiseConv2dNativeBackpropFilter"
MOBILE = {"stem": 8, "blocks": [[4, 1, 1], [6, 2, 6], [6, 1, 6]], "head": 12, "dense": 8}


def weights(model: keras.Model) -> int:
    return sum(int(np.prod(each.shape)) for each in model.trainable_variables)


def test_kernels_and_widths():
    model = network("mnist_cnn", GRAY, **VGG, kernel_size=5, width=1.5)
    assert sizes(model, "block1_conv1", "block2_conv2") == [(28, 28, 6), (14, 14, 9)]
    assert model.get_layer("block2_conv1").kernel.shape == (5, 5, 6, 9)
    mobile = network("mobilenet_v2", COLOUR, **MOBILE, kernel_size=5, width=0.5)
    assert mobile.get_layer("stem_conv").kernel.shape == (3, 3, 3, 4)
    assert mobile.get_layer("block2_depthwise").kernel.shape[:2] == (5, 5)
    assert sizes(mobile, "block3_project", "head_conv") == [(8, 8, 3), (8, 8, 12)]
    assert blocks.scaled(3, 0.01) == 1


@pytest.mark.parametrize(
    ("name", "published_in_convolutions", "published"),
    [("conv_2", 38e3, 4.3e6), ("conv_4", 260e3, 2.4e6), ("conv_6", 1.1e6, 2.3e6)],
)
def test_the_lottery_tickets_networks_have_the_published_weights(
    name, published_in_convolutions, published
):
    """Figure 2 of the paper; of Conv-6 it is 1,147,200 + 1,051,136 + 65,536 + 2,560, by hand."""
    model = network(name, COLOUR)
    kernels = [each for each in model.trainable_variables if each.name == "kernel"]
    sizes_ = [int(np.prod(each.shape)) for each in kernels]
    convolutions = sum(size for size, each in zip(sizes_, kernels, strict=True) if each.ndim == 4)
    assert convolutions == pytest.approx(published_in_convolutions, rel=0.05)
    assert sum(sizes_) == pytest.approx(published, rel=0.03)
    assert [each.shape[-1] for each in kernels[-3:]] == [256, 256, 10]
    assert kinds(model, "dense2_relu") == ["Activation"] or kinds(model, "dense2_relu") == ["ReLU"]


def test_vgg_of_separable_convolutions():
    model = network("mnist_cnn", GRAY, **VGG, block="separable")
    assert fed_by(model, "block1_conv2_pointwise") == {"block1_conv2_depthwise_relu"}
    assert fed_by(model, "block1_conv2_depthwise_bn") == {"block1_conv2_depthwise"}
    assert kinds(model, "block1_conv2_depthwise") == ["DepthwiseConv2D"]
    # Of each: 9 in + in × out weights, and two batch normalisations' scales and shifts.
    convolutions = sum(9 * i + i * o + 2 * i + 2 * o for i, o in ((1, 4), (4, 4), (4, 6), (6, 6)))
    dense = 6 * 8 + 8 + 8 * 10 + 10
    assert weights(model) == convolutions + dense


def test_vgg_with_shortcuts_around_its_blocks():
    model = network("cifar_cnn", COLOUR, **VGG, block="residual")
    assert fed_by(model, "block2_add") == {"block2_projection_bn", "block2_conv2_bn"}
    assert fed_by(model, "block2_projection") == fed_by(model, "block2_conv1") == {"block1_pool"}
    assert fed_by(model, "block2_pool") == {"block2_relu"}
    same = network("cifar_cnn", (32, 32, 4), blocks=[[4, 4]], dense=8, block="residual")
    assert fed_by(same, "block1_add") == {*fed_by(same, "block1_conv1"), "block1_conv2_bn"}


def test_vgg_of_inverted_residuals():
    model = network("mnist_cnn", GRAY, **VGG, block="inverted_residual")
    assert sizes(model, "block1_conv2_expand") == [(28, 28, 4 * vgg_cnn.EXPANSION)]
    assert fed_by(model, "block1_conv2_add") == {
        "block1_conv1_project_bn",
        "block1_conv2_project_bn",
    }
    assert "block2_conv1_add" not in [layer.name for layer in model.layers], "4 channels to 6"


def test_mobilenet_of_separable_convolutions():
    model = network("mobilenet_v2", COLOUR, **MOBILE, block="separable")
    assert not any(isinstance(layer, keras.layers.Add) for layer in model.layers)
    assert fed_by(model, "block2_pointwise") == {"block2_depthwise_relu"}
    assert sizes(model, "block2_pointwise") == [(8, 8, 6)]
    assert {layer.get_config()["activation"] for layer in model.layers
            if layer.name.startswith("block")
            and isinstance(layer, keras.layers.Activation)} == {"relu6"}  # fmt: skip


@pytest.mark.parametrize("kind", ["separable", "residual", "inverted_residual"])
def test_every_kind_learns_and_repeats(kind):
    model = network("mnist_cnn", (8, 8, 1), classes=4, **VGG, block=kind, width=2.0)
    random = np.random.default_rng(0)
    images, labels = random.random((64, 8, 8, 1), np.float32) / 2, np.arange(64) % 2
    images[labels == 1, :4] += 0.5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss, jit_compile=False)
    history = model.fit(images, labels, epochs=8, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2
    known = "Conv2DBackpropFilter" if kind == "residual" else DEPTHWISE
    assert meeting(model, known) == [], "or training would not repeat to the bit"


def test_a_penalty_that_no_kernel_has_is_refused():
    changed = {"mnist_cnn": {"network": {"block": "separable", "l2": 0.001}}}
    with pytest.raises(
        UserError, match=r"models\.mnist_cnn\.network.*l2 = 0\.001: block: separable"
    ):
        small_cell.load_params("mnist_cnn-mnist", models=changed)
    changed["mnist_cnn"]["network"]["block"] = "residual"
    assert small_cell.load_params("mnist_cnn-mnist", models=changed)


def test_by_default_they_are_what_they_were():
    assert weights(shared("mnist_cnn", GRAY)) == 322_026
    assert shared("mobilenet_v2", COLOUR).count_params() == 373_514
