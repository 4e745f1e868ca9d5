"""Each network is the one of its paper and of the design: widths, order of layers, shortcuts."""

import math

import keras
import numpy as np
import pytest

from heatproof.models import layers
from heatproof.models.build import build_model
from heatproof.run.errors import UserError
from tests.models import networks
from tests.models.networks import COLOUR, GRAY, QUICK, network, shared, study


def sizes(model: keras.Model, *names: str) -> list[tuple[int, ...]]:
    return [model.get_layer(name).output.shape[1:] for name in names]


def kinds(model: keras.Model, *names: str) -> list[str]:
    return [type(model.get_layer(name)).__name__ for name in names]


def fed_by(model: keras.Model, name: str) -> set[str]:
    """Return the layers whose output enters the layer `name`."""
    entering = model.get_layer(name).input
    entering = entering if isinstance(entering, list) else [entering]
    return {
        layer.name for layer in model.layers if any(layer.output is tensor for tensor in entering)
    }


def test_simple_cnn():
    model = shared("simple_cnn", GRAY)
    assert [layer.name for layer in model.layers[3:]] == [
        *("conv1", "conv1_relu", "pool1"),
        *("conv2", "conv2_relu", "pool2", "flatten", "logits"),
    ]
    assert sizes(model, "conv1", "pool1", "conv2", "pool2") == [
        *((28, 28, 8), (14, 14, 8)),
        *((14, 14, 8), (7, 7, 8)),
    ]


def test_mnist_cnn():
    model = shared("mnist_cnn", GRAY)
    assert sizes(model, "block1_conv2", "block1_pool", "block2_conv2", "block2_pool") == [
        *((28, 28, 32), (14, 14, 32)),
        *((14, 14, 64), (7, 7, 64)),
    ]
    assert fed_by(model, "block3_conv2") == {"block3_conv1_relu"}
    assert fed_by(model, "global_average") == {"block3_conv2_relu"}
    assert sizes(model, "block3_conv2", "dense") == [(7, 7, 128), (256,)]
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


def test_cifar_cnn():
    model = shared("cifar_cnn", COLOUR)
    assert sizes(model, "block1_pool", "block2_pool", "block3_conv3", "block3_pool") == [
        *((16, 16, 64), (8, 8, 128)),
        *((8, 8, 256), (4, 4, 256)),
    ]
    assert fed_by(model, "global_average") == {"block3_pool"}
    assert sizes(model, "dense") == [(512,)]
    convolutions = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 7
    for name in convolutions:
        assert fed_by(model, f"{name}_bn") == {name}
        assert fed_by(model, f"{name}_relu") == {f"{name}_bn"}


def test_vgg_cnn_without_pooling_at_the_end_has_as_many_weights():
    with_pool = shared("cifar_cnn", COLOUR)
    without = network("cifar_cnn", COLOUR, pool_last=False)
    assert without.count_params() == with_pool.count_params()
    assert fed_by(without, "global_average") == {"block3_conv3_relu"}


@pytest.mark.parametrize(
    ("stride", "side", "pooled"), [(1, (32, 32), 16), (2, (16, 8), 4), (3, (11, 4), 2)]
)
@pytest.mark.parametrize("kernel_size", [3, 4])
def test_baseline_cnn_with_every_kernel_and_stride(kernel_size, stride, side, pooled):
    model = network("baseline_cnn", COLOUR, kernel_size=kernel_size, stride=stride)
    assert sizes(model, "conv1", "conv2", "pool") == [
        (side[0], side[0], 32),
        (side[1], side[1], 64),
        (pooled, pooled, 64),
    ]
    assert model.count_params() == (
        (kernel_size**2 * 3 * 32 + 32)
        + (kernel_size**2 * 32 * 64 + 4 * 64)
        + (pooled**2 * 64 * 10 + 10)
    )
    assert [layer.name for layer in model.layers[3:]] == [
        *("conv1", "conv1_relu", "conv2", "conv2_bn", "conv2_relu"),
        *("pool", "flatten", "logits"),
    ]


def test_baseline_cnn_penalises_its_kernels():
    model = network("baseline_cnn", COLOUR, l2=0.01)
    kernels = [np.asarray(model.get_layer(name).kernel) for name in ("conv1", "conv2")]
    expected = [0.01 * float((kernel.astype(np.float64) ** 2).sum()) for kernel in kernels]
    assert [float(loss) for loss in model.losses] == pytest.approx(expected, rel=1e-5)
    assert network("baseline_cnn", COLOUR, l2=0.0).losses == []


def test_mobilenet_v2():
    model = shared("mobilenet_v2", COLOUR)
    ends = ["block1_project", *(f"block{number}_project" for number in range(2, 8))]
    assert sizes(model, "stem_conv", *ends, "head_conv", "dense") == [
        (16, 16, 32),
        *((16, 16, 16), (8, 8, 24), (8, 8, 24), (4, 4, 32), (4, 4, 32), (2, 2, 64), (2, 2, 64)),
        *((2, 2, 1280), (128,)),
    ]
    # The first block does not expand; a block has a shortcut where nothing changes its shape.
    names = {layer.name for layer in model.layers}
    assert {name for name in names if name.endswith("_expand")} == {
        f"block{number}_expand" for number in range(2, 8)
    }
    assert {name for name in names if name.endswith("_add")} == {
        *("block3_add", "block5_add", "block7_add")
    }
    assert fed_by(model, "block3_add") == {"block2_project_bn", "block3_project_bn"}
    # Linear bottlenecks: what the projection gives enters the next block as it is.
    assert fed_by(model, "block2_expand") == {"block1_project_bn"}
    assert fed_by(model, "block4_expand") == {"block3_add"}


def test_mobilenet_v2_cuts_its_activations_at_six():
    model = shared("mobilenet_v2", COLOUR)
    activations = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Activation) and layer.name != "dense_relu"
    ]
    assert len(activations) == 1 + 1 + 2 * 6 + 1
    for layer in activations:
        np.testing.assert_array_equal(
            np.asarray(layer(np.float32([-1.0, 2.5, 6.0, 7.0]))), [0, 2.5, 6, 6]
        )


def test_efficient_cnn():
    model = shared("efficient_cnn", GRAY)
    assert fed_by(model, "branches") == {
        *("branch_1x1_conv", "branch_3x3_conv"),
        *("branch_5x5_conv", "branch_pool_conv"),
    }
    assert fed_by(model, "branch_pool_conv") == {"branch_pool"}
    kernels = [model.get_layer(f"branch_{size}_conv").kernel_size for size in ("1x1", "3x3", "5x5")]
    assert kernels == [(1, 1), (3, 3), (5, 5)]
    assert sizes(model, "branches", *(f"block{number}_pool" for number in range(1, 5))) == [
        (32, 32, 128),
        *((16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512)),
    ]
    order = ("depthwise", "depthwise_bn", "depthwise_relu", "pointwise", "pointwise_bn")
    assert kinds(model, *(f"block2_{name}" for name in (*order, "pointwise_relu", "pool"))) == [
        *("DepthwiseConv2D", "BatchNormalization", "Activation"),
        *("Conv2D", "BatchNormalization", "Activation", "MaxPooling2D"),
    ]
    assert (sizes(model, "dense"), model.get_layer("dropout").rate) == ([(256,)], 0.3)


def test_resnet18():
    model = shared("resnet18", GRAY)
    assert sizes(model, "stem_conv", "stem_pool", *(f"block{n}_add" for n in range(1, 9))) == [
        *((32, 32, 64), (16, 16, 64)),
        *2 * [(16, 16, 64)],
        *2 * [(8, 8, 128)],
        *2 * [(4, 4, 256)],
        *2 * [(2, 2, 512)],
    ]
    # 18 layers with weights in the paper's count: the stem, 8 × 2 convolutions, the classifier.
    projections = [layer.name for layer in model.layers if layer.name.endswith("_projection")]
    assert projections == ["block3_projection", "block5_projection", "block7_projection"]
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) - len(projections) + 1 == 18
    assert fed_by(model, "block2_add") == {"block1_relu", "block2_conv2_bn"}
    assert fed_by(model, "block3_add") == {"block3_projection_bn", "block3_conv2_bn"}
    assert model.get_layer("block3_conv1").strides == (2, 2)


def test_a_residual_block_whose_branch_gives_nothing_passes_its_input_on():
    model = network("resnet18", COLOUR)
    gamma = model.get_layer("block2_conv2_bn").gamma
    gamma.assign(np.zeros(gamma.shape, np.float32))
    ends = keras.Model(
        model.input, [model.get_layer(name).output for name in ("block1_relu", "block2_relu")]
    )
    entered, left = ends(np.random.default_rng(0).random((2, *COLOUR), dtype=np.float32))
    np.testing.assert_allclose(np.asarray(left), np.asarray(entered), atol=1e-6)


@pytest.mark.parametrize("name", QUICK)
def test_a_convolution_before_a_normalisation_has_no_bias_and_another_has_one(name):
    model = shared(name, COLOUR)
    normalised = set()
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            normalised |= fed_by(model, layer.name)
    for between in normalised & {"branches", *(f"block{number}_pool" for number in range(1, 4))}:
        normalised |= fed_by(model, between)
    for layer in model.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            if name in ("cct", "vit"):  # what is learned of each place is their bias, in cct's end
                assert not layer.use_bias, layer.name
                continue
            assert layer.use_bias == (layer.name not in normalised), layer.name
            assert layer.activation is keras.activations.linear, layer.name


def test_moving_statistics_follow_within_fifty_steps():
    # The reason for the momentum: after 50 steps Keras' 0.99 would still have 60 % of its start.
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, layers.batch_norm(inputs, name="bn"))
    batch = np.random.default_rng(0).normal(20.0, 3.0, (16, 4, 4, 2)).astype(np.float32)
    for _ in range(50):
        model(batch, training=True)
    mean, variance = np.asarray(model.layers[1].moving_mean), batch.var(axis=(0, 1, 2))
    np.testing.assert_allclose(mean, batch.mean(axis=(0, 1, 2)), rtol=0.01)
    np.testing.assert_allclose(np.asarray(model.layers[1].moving_variance), variance, rtol=0.01)


def test_first_weights_have_hes_spread():
    kernel = np.asarray(shared("resnet18", COLOUR).get_layer("block5_conv2").kernel)
    assert kernel.std() == pytest.approx(math.sqrt(2 / (9 * 256)), rel=0.01)
    kernel = np.asarray(shared("mnist_cnn", GRAY).get_layer("dense").kernel)
    assert kernel.std() == pytest.approx(math.sqrt(2 / 128), rel=0.02)
    # Nine values enter a place of a depthwise convolution, however many channels there are.
    kernel = np.asarray(shared("mobilenet_v2", COLOUR).get_layer("block7_depthwise").kernel)
    assert kernel.std() == pytest.approx(math.sqrt(2 / 9), rel=0.15)


def test_a_patch_that_does_not_divide_the_images_names_its_key() -> None:
    run = study().run("simple_cnn-mnist")
    options = study().models["vit"].network.model_copy(update={"patch": 5})
    run = run.model_copy(update={"model": "vit", "network": options})
    with pytest.raises(UserError, match=r"params\.yaml: models\.vit\.network\.patch = 5 does not"):
        build_model(run, GRAY, 10)


def test_speedrun_cnn():
    model = shared("speedrun_cnn", COLOUR)
    assert sizes(model, "patches", "block1_pool", "block2_pool", "block3_conv2") == [
        *((31, 31, 24), (15, 15, 64)),
        *((7, 7, 256), (3, 3, 256)),
    ]
    assert fed_by(model, "block1_conv1_bn") == {"block1_pool"}
    assert fed_by(model, "scale") == {"global_max"} and fed_by(model, "logits") == {"scale"}
    assert model.get_layer("block1_conv1_bn").gamma is None


def test_images_too_small_for_speedrun_cnns_blocks_name_them() -> None:
    module = networks.architecture("speedrun_cnn")
    options = module.Network(**networks.settings("speedrun_cnn"))
    assert module.unfit(options, 9, 32) is None
    assert "widths: 3 blocks" in module.unfit(options, 8, 32)
