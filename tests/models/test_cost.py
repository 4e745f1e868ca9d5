"""Parameters and operations of every network, against sums written out by hand."""

import keras
import pytest
from keras.src.applications.convnext import LayerScale

from heatproof.models import cost
from heatproof.models.convolution import Conv2D
from heatproof.models.flattening import flattened
from tests.models.networks import COLOUR, GRAY, NAMES, shared

Cost = tuple[int, int]


def conv(kernel: int, entering: int, leaving: int, side: int) -> Cost:
    """A convolution with a bias: kernel side, channels, and the side of its output."""
    weights = kernel * kernel * entering * leaving
    return weights + leaving, side * side * (2 * weights + leaving)


def conv_bn(kernel: int, entering: int, leaving: int, side: int) -> Cost:
    """A convolution without a bias, and the four numbers a channel of its normalisation."""
    weights = kernel * kernel * entering * leaving
    return weights + 4 * leaving, side * side * 2 * weights


def depthwise_bn(channels: int, side: int) -> Cost:
    """A 3×3 filter a channel, and its normalisation."""
    return 9 * channels + 4 * channels, side * side * 2 * 9 * channels


def dense(entering: int, leaving: int) -> Cost:
    return entering * leaving + leaving, 2 * entering * leaving + leaving


def simple_cnn(side: int, channels: int) -> list[Cost]:
    return [
        conv(3, channels, 8, side),
        conv(3, 8, 8, side // 2),
        dense((side // 4) ** 2 * 8, 10),
    ]


def mnist_cnn(side: int, channels: int) -> list[Cost]:
    return [
        conv(3, channels, 32, side),
        conv(3, 32, 32, side),
        conv(3, 32, 64, side // 2),
        conv(3, 64, 64, side // 2),
        conv(3, 64, 128, side // 4),
        conv(3, 128, 128, side // 4),
        dense(128, 256),
        dense(256, 10),
    ]


def cifar_cnn(side: int, channels: int) -> list[Cost]:
    return [
        conv_bn(3, channels, 64, side),
        conv_bn(3, 64, 64, side),
        conv_bn(3, 64, 128, side // 2),
        conv_bn(3, 128, 128, side // 2),
        conv_bn(3, 128, 256, side // 4),
        conv_bn(3, 256, 256, side // 4),
        conv_bn(3, 256, 256, side // 4),
        dense(256, 512),
        dense(512, 10),
    ]


def baseline_cnn(side: int, channels: int) -> list[Cost]:
    return [
        conv(3, channels, 32, side),
        conv_bn(3, 32, 64, side),
        dense((side // 2) ** 2 * 64, 10),
    ]


def mobilenet_v2(side: int, channels: int) -> list[Cost]:
    """Any side: smaller images are padded to 32×32."""
    return [
        conv_bn(3, channels, 32, 16),
        *(depthwise_bn(32, 16), conv_bn(1, 32, 16, 16)),
        *(conv_bn(1, 16, 96, 16), depthwise_bn(96, 8), conv_bn(1, 96, 24, 8)),
        *(conv_bn(1, 24, 144, 8), depthwise_bn(144, 8), conv_bn(1, 144, 24, 8)),
        *(conv_bn(1, 24, 144, 8), depthwise_bn(144, 4), conv_bn(1, 144, 32, 4)),
        *(conv_bn(1, 32, 192, 4), depthwise_bn(192, 4), conv_bn(1, 192, 32, 4)),
        *(conv_bn(1, 32, 192, 4), depthwise_bn(192, 2), conv_bn(1, 192, 64, 2)),
        *(conv_bn(1, 64, 384, 2), depthwise_bn(384, 2), conv_bn(1, 384, 64, 2)),
        conv_bn(1, 64, 1280, 2),
        dense(1280, 128),
        dense(128, 10),
    ]


def efficient_cnn(side: int, channels: int) -> list[Cost]:
    return [
        *(conv_bn(1, channels, 32, 32), conv_bn(3, channels, 32, 32)),
        *(conv_bn(5, channels, 32, 32), conv_bn(1, channels, 32, 32)),
        *(depthwise_bn(128, 32), conv_bn(1, 128, 64, 32)),
        *(depthwise_bn(64, 16), conv_bn(1, 64, 128, 16)),
        *(depthwise_bn(128, 8), conv_bn(1, 128, 256, 8)),
        *(depthwise_bn(256, 4), conv_bn(1, 256, 512, 4)),
        dense(512, 256),
        dense(256, 10),
    ]


def resnet18(side: int, channels: int) -> list[Cost]:
    return [
        conv_bn(3, channels, 64, 32),
        *4 * [conv_bn(3, 64, 64, 16)],
        *(conv_bn(3, 64, 128, 8), *3 * [conv_bn(3, 128, 128, 8)], conv_bn(1, 64, 128, 8)),
        *(conv_bn(3, 128, 256, 4), *3 * [conv_bn(3, 256, 256, 4)], conv_bn(1, 128, 256, 4)),
        *(conv_bn(3, 256, 512, 2), *3 * [conv_bn(3, 512, 512, 2)], conv_bn(1, 256, 512, 2)),
        dense(512, 10),
    ]


def attention(tokens: int, width: int, heads: int, head_width: int) -> list[Cost]:
    """Three projections and their products, and the projection of what has been attended."""
    inner = heads * head_width
    projected = [(width * inner + inner, tokens * (2 * width * inner + inner))] * 3
    products = (0, 2 * 2 * tokens * tokens * inner)
    return [*projected, products, (inner * width + width, tokens * (2 * inner * width + width))]


def block(tokens: int, width: int, heads: int, head_width: int, hidden: int) -> list[Cost]:
    """Two normalisations, attention, two dense layers of each token."""
    normalised = (2 * width, 0)
    first = (width * hidden + hidden, tokens * (2 * width * hidden + hidden))
    second = (hidden * width + width, tokens * (2 * hidden * width + width))
    return [
        *attention(tokens, width, heads, head_width), normalised, first, second, normalised
    ]  # fmt: skip


def positions(tokens: int, width: int) -> Cost:
    """A weight of each channel, and a vector of each token."""
    return width + tokens * width, 3 * tokens * width


def cct(side: int, channels: int) -> list[Cost]:
    tokens = (side // 4) ** 2
    return [
        (9 * channels * 64, side**2 * 2 * 9 * channels * 64),
        (9 * 64 * 128, (side // 2) ** 2 * 2 * 9 * 64 * 128),
        positions(tokens, 128),
        *2 * block(tokens, 128, 2, 128, 128),
        (2 * 128, 0),
        (128 + 1, tokens * (2 * 128 + 1)),
        dense(128, 10),
    ]


def vit(side: int, channels: int) -> list[Cost]:
    tokens = (side // 4) ** 2
    return [
        (16 * channels * 192, tokens * 2 * 16 * channels * 192),
        positions(1 + tokens, 192),
        *6 * block(1 + tokens, 192, 6, 32, 768),
        (2 * 192, 0),
        dense(192, 10),
    ]


def gates(width: int, side: int) -> list[Cost]:
    """Two dense layers of mean and maximum, and a 7×7 convolution of as many channels."""
    units = width // 8
    return [
        (width * units + units, 2 * (2 * width * units + units)),
        (units * width + width, 2 * (2 * units * width + width)),
        conv(7, 2, 1, side),
    ]


def cbam_resnet(side: int, channels: int) -> list[Cost]:
    return [
        conv_bn(3, channels, 16, side),
        *(conv_bn(3, 16, 16, side), conv_bn(3, 16, 16, side), *gates(16, side)),
        *(conv_bn(1, 16, 32, side // 2), conv_bn(3, 16, 32, side // 2)),
        *(conv_bn(3, 32, 32, side // 2), *gates(32, side // 2)),
        *(conv_bn(1, 32, 64, side // 4), conv_bn(3, 32, 64, side // 4)),
        *(conv_bn(3, 64, 64, side // 4), *gates(64, side // 4)),
        dense(64, 10),
    ]


BY_HAND = {
    rows.__name__: rows
    for rows in (
        simple_cnn,
        mnist_cnn,
        cifar_cnn,
        baseline_cnn,
        mobilenet_v2,
        efficient_cnn,
        resnet18,
        cct,
        vit,
        cbam_resnet,
    )
}


@pytest.mark.parametrize("shape", [GRAY, COLOUR], ids=["28x28x1", "32x32x3"])
@pytest.mark.parametrize("name", BY_HAND)
def test_cost_is_the_sum_over_the_layers(name, shape):
    rows = BY_HAND[name](shape[0], shape[2])
    model = shared(name, shape)
    assert model.count_params() == sum(parameters for parameters, _ in rows)
    assert cost.flops(model) == sum(flops for _, flops in rows)


@pytest.mark.parametrize(
    ("name", "shape", "parameters", "flops"),
    [
        ("simple_cnn", GRAY, 4_594, 354_378),
        ("mnist_cnn", GRAY, 322_026, 58_413_066),
        ("cifar_cnn", COLOUR, 1_875_658, 381_299_210),
        ("baseline_cnn", COLOUR, 183_434, 39_878_666),
        ("mobilenet_v2", COLOUR, 373_514, 5_889_674),
        ("efficient_cnn", COLOUR, 329_418, 39_580_938),
        ("resnet18", COLOUR, 11_183_562, 280_373_258),
        ("cct", COLOUR, 416_459, 91_810_378),
    ],
)
def test_the_sums_at_the_sizes_of_the_study(name, shape, parameters, flops):
    rows = BY_HAND[name](shape[0], shape[2])
    assert tuple(map(sum, zip(*rows, strict=True))) == (parameters, flops)


# TensorFlow's profiler knows no cost of attention's products, and takes a filter's bias that stands
# alone for a sum.
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("cct", "vit", "cbam_resnet")])
def test_flops_are_those_that_tensorflow_counts(name, monkeypatch):
    # Keras' own: ours leaves out a kernel's taps beside a small map, which are counted by custom.
    monkeypatch.setattr(Conv2D, "call", keras.layers.Conv2D.call)
    # On maps of one cell TensorFlow takes a sum of two branches for a bias.
    shape = (64, 64, 3) if name == "efficientnet_lite0" else COLOUR
    model = shared(name, shape)
    counted = profiled(model)
    kinds = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BiasAdd")
    assert cost.flops(model) == sum(counted.get(kind, 0) for kind in kinds)


def profiled(model: keras.Model) -> dict[str, int]:
    """Floating-point operations by kind, as TensorFlow's profiler counts them for one image."""
    import tensorflow as tf

    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    traced = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    node = tf.compat.v1.profiler.profile(traced.graph, cmd="op", options=options)
    counted = {}
    while node.children:  # each kind of operation hangs below the one before
        node = node.children[0]
        counted[node.name] = node.float_ops
    return counted


def model_of(layer: keras.Layer, shape: tuple[int, ...]) -> keras.Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


def test_grouped_and_separable_convolutions_and_strides_are_counted():
    grouped = keras.layers.Conv2D(6, (3, 5), groups=2, strides=2, padding="same")
    assert cost.flops(model_of(grouped, (8, 8, 4))) == 16 * 6 * (2 * 15 * 2 + 1)
    separable = keras.layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2)
    assert cost.flops(model_of(separable, (8, 8, 4))) == 64 * (2 * 9 * 8 + 2 * 8 * 6 + 6)
    multiplied = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)
    assert cost.flops(model_of(multiplied, (8, 8, 4))) == 36 * 2 * 9 * 8


def test_moving_statistics_are_parameters_but_no_operations():
    model = model_of(keras.layers.BatchNormalization(), (8, 8, 4))
    assert (model.count_params(), cost.flops(model)) == (16, 0)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.LayerNormalization(), keras.layers.Normalization(), LayerScale(1e-6, 4),
        keras.layers.PReLU(), keras.layers.GroupNormalization(2),
    ],
)  # fmt: skip
def test_what_is_done_to_each_value_is_not_counted(layer):
    assert layer.weights == [] and cost.flops(model_of(layer, (8, 8, 4))) == 0
    assert layer.weights


def test_a_dense_layer_of_places_is_counted_at_each():
    assert cost.flops(model_of(keras.layers.Dense(6), (8, 8, 4))) == 64 * (2 * 4 * 6 + 6)


def test_attention_to_other_tokens_is_counted() -> None:
    queries, values = keras.Input((3, 4)), keras.Input((5, 6))
    attended = keras.layers.MultiHeadAttention(2, 3, value_dim=7, use_bias=False)(queries, values)
    projections = 3 * 4 * 6 + 5 * 6 * 6 + 5 * 6 * 14 + 3 * 14 * 4
    products = 2 * 3 * 5 * (3 + 7)
    assert cost.flops(keras.Model([queries, values], attended)) == 2 * (projections + products)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("VGG16", 15.5), ("ResNet50", 3.8), ("DenseNet121", 2.8), ("MobileNetV2", 0.3),
        ("EfficientNetV2B0", 0.7), ("ConvNeXtTiny", 4.5),
    ],
)  # fmt: skip
def test_published_multiplications_at_224_pixels(name, billions):
    """As their papers and Keras' page of them give them, which are rounded so."""
    model = flattened(getattr(keras.applications, name)(weights=None)).model
    assert cost.flops(model) / 2e9 == pytest.approx(billions, rel=0.04)


def test_a_layer_of_unknown_cost_is_refused_by_name():
    transposed = keras.layers.Conv2DTranspose(4, 3, name="upwards")
    with pytest.raises(ValueError, match=r"'upwards' \(Conv2DTranspose\)"):
        cost.flops(model_of(transposed, (8, 8, 4)))
    nested = model_of(model_of(keras.layers.Conv2D(4, 3), (8, 8, 4)), (8, 8, 4))
    with pytest.raises(ValueError, match="no known cost"):
        cost.flops(nested)


def test_a_layer_used_twice_or_of_unknown_size_is_refused():
    twice = keras.layers.Conv2D(4, 3, padding="same", name="shared")
    inputs = keras.Input((8, 8, 4))
    with pytest.raises(ValueError, match="'shared' is used 2 times"):
        cost.flops(keras.Model(inputs, twice(twice(inputs))))
    with pytest.raises(ValueError, match="unknown size"):
        cost.flops(model_of(keras.layers.Conv2D(4, 3), (None, None, 3)))


def test_a_network_from_elsewhere_may_be_of_unknown_cost() -> None:
    image = keras.Input((4, 4, 3))
    rows = keras.layers.LSTM(2)(keras.layers.Reshape((4, 12))(image))
    assert cost.flops_if_known(keras.Model(image, keras.layers.Dense(5)(rows))) is None
    attended = keras.layers.MultiHeadAttention(1, 2, attention_axes=2)(image, image)
    pooled = keras.layers.Flatten()(attended)
    assert cost.flops_if_known(keras.Model(image, keras.layers.Dense(5)(pooled))) is None
    known = keras.Model(image, keras.layers.Dense(5)(keras.layers.Flatten()(image)))
    assert cost.flops_if_known(known) == cost.flops(known) == 2 * 48 * 5 + 5
