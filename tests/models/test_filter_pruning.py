"""Removing filters: what was dead is not missed, and what is removed is what is smallest."""

import keras
import numpy as np
import pytest

from heatproof.models.cost import flops, parameters
from heatproof.models.filter_pruning import removable_filters, without_filters
from heatproof.run.errors import UserError
from tests.models.networks import COLOUR, network

IMAGES = np.random.default_rng(0).random((2, *COLOUR), dtype=np.float32)


def with_dead_filters(model: keras.Model, share: float) -> keras.Model:
    """Silence the share of the filters of each set of layers, drawn at random."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, _, _, variance = (np.array(each) for each in layer.get_weights())
            layer.set_weights(
                [random.random(gamma.shape) + 0.5, 0 * gamma, 0 * gamma, variance + random.random()]
            )
    sets: dict[tuple[str, ...], list] = {}
    for group in removable_filters(model):
        sets.setdefault(group.layers, []).append(group)
    for groups in sets.values():
        for chosen in random.permutation(len(groups))[: int(share * len(groups))]:
            for name, place in groups[chosen].filters:
                values = model.get_layer(name).get_weights()
                for each in values:
                    each[..., place] = 0
                model.get_layer(name).set_weights(values)
    return model


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("simple_cnn", {}),
        ("cifar_cnn", {"blocks": [[8, 8], [16]], "dense": 32}),
        ("baseline_cnn", {}),
        ("mobilenet_v2", {"head": 64, "dense": 32}),
        ("efficient_cnn", {"branch_filters": 8, "blocks": [16, 32], "dense": 32}),
        ("resnet18", {"stem": 8, "widths": [8, 16]}),
        ("lenet5", {}),
        ("cct", {}),
        ("cbam_resnet", {}),
    ],
)
def test_without_its_dead_filters_a_network_gives_the_same_logits(name, changes):
    model = with_dead_filters(network(name, COLOUR, **changes), share=0.25)
    smaller = without_filters(model, share=0.25, scope="layer")
    assert parameters(smaller) < parameters(model)
    assert flops(smaller) < flops(model)
    one, other = (each.predict_on_batch(IMAGES) for each in (model, smaller))
    np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4 * np.abs(one).max())
    assert np.ptp(one) > 0.01


def three_filters(*kernels: float) -> keras.Model:
    """A 1×1 convolution with a filter for each number, flattened for a dense layer."""
    images = keras.Input((2, 2, 1))
    x = keras.layers.Conv2D(len(kernels), 1, name="conv")(images)
    x = keras.layers.Flatten()(x)
    model = keras.Model(images, keras.layers.Dense(2, name="logits")(x), name="tiny")
    model.get_layer("conv").set_weights(
        [np.array(kernels, np.float32).reshape(1, 1, 1, -1), np.zeros(len(kernels))]
    )
    return model


def test_of_flattened_maps_a_dense_layer_loses_the_rows_of_the_filter_at_every_place():
    model = three_filters(3.0, -0.5, 2.0)
    kernel = np.arange(24, dtype=np.float32).reshape(12, 2)
    model.get_layer("logits").set_weights([kernel, np.zeros(2)])
    smaller = without_filters(model, share=0.34, scope="layer")
    np.testing.assert_array_equal(smaller.get_layer("conv").get_weights()[0].ravel(), [3.0, 2.0])
    left = [0, 2, 3, 5, 6, 8, 9, 11]  # of four places, all but the second of three
    np.testing.assert_array_equal(smaller.get_layer("logits").get_weights()[0], kernel[left])
    image = np.array([1.0, 2.0, 3.0, 4.0], np.float32).reshape(1, 2, 2, 1)
    # place p gives 3 p and 2 p: rows (0, 2), (3, 5), (6, 8), (9, 11) of the dense kernel
    by_hand = sum((p + 1) * (3 * kernel[3 * p] + 2 * kernel[3 * p + 2]) for p in range(4))
    np.testing.assert_allclose(smaller.predict_on_batch(image)[0], by_hand)


def test_all_of_a_layer_is_never_removed():
    smaller = without_filters(three_filters(3.0, -0.5, 2.0), share=0.99, scope="global")
    np.testing.assert_array_equal(smaller.get_layer("conv").get_weights()[0].ravel(), [3.0])


def added(first: list[float], second: list[float]) -> keras.Model:
    images = keras.Input((2, 2, 1))
    both = [keras.layers.Conv2D(3, 1, use_bias=False, name=name)(images) for name in ("a", "b")]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()(both))
    model = keras.Model(images, keras.layers.Dense(2, name="logits")(x), name="sum")
    for name, kernel in (("a", first), ("b", second)):
        model.get_layer(name).set_weights([np.array(kernel, np.float32).reshape(1, 1, 1, 3)])
    return model


def test_what_is_added_up_is_removed_from_both_summands_by_their_sum():
    # Alone, a would lose its first filter and b its last.
    model = added([0.1, 1.0, 2.0], [5.0, 1.0, 0.5])
    smaller = without_filters(model, share=0.34, scope="layer")
    assert smaller.get_layer("a").get_weights()[0].ravel().tolist() == pytest.approx([0.1, 2.0])
    assert smaller.get_layer("b").get_weights()[0].ravel().tolist() == pytest.approx([5.0, 0.5])


def test_globally_a_layer_of_small_filters_loses_more_whatever_their_size():
    images = keras.Input((4, 4, 1))
    x = keras.layers.Conv2D(4, 3, use_bias=False, name="small")(images)
    x = keras.layers.Conv2D(4, 1, use_bias=False, name="large")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, keras.layers.Dense(2)(x))
    # In sum a filter of the first weighs 9 · 0.5 = 4.5, of the second 4 · 1: per weight, less.
    model.get_layer("small").set_weights([np.full((3, 3, 1, 4), 0.5)])
    model.get_layer("large").set_weights([np.ones((1, 1, 4, 4))])
    smaller = without_filters(model, share=0.25, scope="global")
    assert [smaller.get_layer(name).filters for name in ("small", "large")] == [2, 4]


def test_a_network_without_a_filter_to_spare_is_refused_with_what_needs_them():
    images = keras.Input((4, 4, 1))
    x = keras.layers.Reshape((16, 2), name="rows")(keras.layers.Conv2D(2, 1, name="conv")(images))
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = keras.Model(images, keras.layers.Dense(2, name="logits")(x), name="barred")
    with pytest.raises(UserError, match=r"barred: 50.0% of its 0 .*'rows' \(Reshape\)"):
        without_filters(model, share=0.5, scope="layer")
