"""What a published count of weights or operations would have to mean."""

import pytest

from heatproof.claims import meaning, parameters
from tests.claims.results import IMAGES, STUDY, entry, write_evaluate


@pytest.mark.parametrize(
    ("model", "channels", "keras"),
    [
        ("mobilenet_v2", 1, 372_938),
        ("mobilenet_v2", 3, 373_514),
        ("efficient_cnn", 1, 327_114),
        ("efficient_cnn", 3, 329_418),
        ("mnist_cnn", 1, 322_026),
        ("cifar_cnn", 3, 1_875_658),
    ],
)
def test_the_arithmetic_counts_what_keras_counts(model, channels, keras):
    described = STUDY.models[model]
    count = getattr(parameters, described.architecture)
    assert count(described.network, channels, 10) == keras


def test_the_papers_blocks_are_the_whole_mobilenet_v2():
    network = STUDY.models["mobilenet_v2"].network
    whole = parameters.mobilenet_v2(network, 3, 10, blocks=parameters.SEVENTEEN_BLOCKS)
    head = 1281 * 128 + 129 * 10
    assert whole - head == 2_257_984  # keras.applications.MobileNetV2(include_top=False)


def test_the_width_that_gives_a_count():
    assert parameters.width_for(lambda width: 100 * width**2, 400) == pytest.approx(2)


def test_separating_saves_the_inverse_of_filters_and_places():
    assert parameters.saved_by_separating(2, [4]) == pytest.approx(1 - (18 + 8) / 72)
    assert parameters.saved_by_separating(2, [4, 8]) == pytest.approx(1 - (26 + 36 + 32) / 360)


def test_a_count_that_does_not_hold_is_said_in_widths():
    network = STUDY.models["efficient_cnn"].network
    said = meaning.of_parameters("efficient_cnn", network, (28, 1, 10), 327_114, 3.8e6)
    wide = parameters.efficient_cnn(network, 1, 10, width=3.47)
    assert wide == pytest.approx(3.8e6, rel=0.005)
    assert "3.8 M every layer would have to be 3.47 times as wide" in said
    assert "standard convolutions in place of the separable ones would give 1.761 M" in said
    other = meaning.of_parameters("efficient_cnn", network, (28, 1, 10), 300_000, 3e6)
    assert other.endswith("the published figure is 10 times that.")


def test_operations_grow_with_the_area():
    assert "would fit images of about 64×64" in meaning.of_flops("resnet18", 25e6, 100e6)


def test_counts_of_weights_and_operations_need_no_budget():
    for dataset in IMAGES:
        write_evaluate(f"resnet18-{dataset}", parameters=11_182_410, flops=278_000_000)
    assert entry("resnet18-mnist.parameters")["verdict"] == "holds"
    flops = entry("resnet18.flops")
    assert (flops["verdict"], flops["measured"]["text"]) == ("does not hold", "278 M")
    assert "36×36" in flops["sentence"]
