"""Weight randomisation: the weights are really copied, really changed, and the measure sees it."""

import keras
import numpy as np
import pytest
from keras import layers
from keras.src.applications.convnext import LayerScale

from heatproof.models.graphs import copied
from heatproof.trust.random_weights import cascade, independent, reset, weighted_layers
from heatproof.trust.similarity import similarities
from tests.attribution import architectures


def trained(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give every weight, batch normalisation's too, a value it does not start with."""
    random = np.random.default_rng(seed)
    model.set_weights([random.uniform(0.1, 0.9, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture
def network() -> keras.Model:
    """Return one of every kind of layer that the study uses, and separable convolution."""
    inputs = keras.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, padding="same", kernel_initializer="he_normal", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.SeparableConv2D(5, 3, padding="same", name="separable")(x)
    x = layers.Conv2D(3, 1, name="pointwise")(x)
    x = layers.Flatten()(x)
    return trained(keras.Model(inputs, layers.Dense(2, name="logits")(x)))


NAMES = ["logits", "pointwise", "separable", "depthwise", "norm", "conv"]


def weights_of(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def assert_same(first: dict[str, list[np.ndarray]], second: dict[str, list[np.ndarray]]) -> None:
    assert first.keys() == second.keys()
    for name, weights in first.items():
        for one, other in zip(weights, second[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_layers_go_from_the_logits_down(network: keras.Model) -> None:
    assert [layer.name for layer in weighted_layers(network)] == NAMES


def test_a_copy_has_the_weights_and_shares_none(network: keras.Model) -> None:
    copy = copied(network)
    for name, weights in weights_of(network).items():
        for mine, other in zip(weights, copy.get_layer(name).get_weights(), strict=True):
            np.testing.assert_array_equal(mine, other)
    copy.set_weights([w + 1 for w in copy.get_weights()])
    assert network.get_weights()[0].max() < 1


def test_reset_changes_every_weight_in_the_layers_own_way(network: keras.Model) -> None:
    before = weights_of(network)
    for layer in weighted_layers(network):
        reset(layer, [7])
        for old, new in zip(before[layer.name], layer.get_weights(), strict=True):
            assert (old != new).all(), layer.name
    gamma, beta, mean, variance = network.get_layer("norm").get_weights()
    assert (gamma == 1).all() and (beta == 0).all()
    assert (mean == 0).all() and (variance == 1).all()
    assert (network.get_layer("logits").get_weights()[1] == 0).all()


def test_reset_draws_from_the_layers_initialiser() -> None:
    layer = layers.Conv2D(400, 3, kernel_initializer="he_normal")
    layer.build((None, 8, 8, 16))
    layer.set_weights([np.full(w.shape, 9.0) for w in layer.get_weights()])
    reset(layer, [0])
    kernel = layer.get_weights()[0]
    assert kernel.std() == pytest.approx(np.sqrt(2 / (9 * 16)), rel=0.02)
    assert abs(kernel.mean()) < 0.002


def test_reset_repeats_with_its_seed_and_differs_with_another(network: keras.Model) -> None:
    layer = network.get_layer("separable")
    drawn = []
    for seed in ([1, 2], [1, 2], [1, 3]):
        reset(layer, seed)
        drawn.append(layer.get_weights()[:2])
    for first, same, other in zip(*drawn, strict=True):
        np.testing.assert_array_equal(first, same)
        assert (first != other).all()


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(3), layers.GRU(3), layers.MultiHeadAttention(2, 4), layers.PReLU(),
        layers.GroupNormalization(2), layers.Conv1DTranspose(2, 3), layers.SeparableConv1D(2, 3),
        layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
    ],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_layers_of_networks_from_elsewhere_have_initialisers(layer: keras.Layer) -> None:
    rows = keras.Input((4, 6))
    inputs = (rows, rows) if isinstance(layer, layers.MultiHeadAttention) else (rows,)
    trained(keras.Model(rows, layer(*inputs)))
    before = layer.get_weights()
    reset(layer, [1, 2])
    assert not any(map(np.array_equal, before, layer.get_weights()))


def test_layer_scale_goes_back_to_its_start() -> None:
    inputs = keras.Input((2, 2, 3))
    model = keras.Model(inputs, LayerScale(0.25, 3, name="scale")(inputs))
    scale = model.get_layer("scale")
    scale.set_weights([np.array([1.0, 2.0, 3.0])])
    reset(scale, [0, 1])
    np.testing.assert_array_equal(scale.get_weights()[0], np.full(3, 0.25, np.float32))


@pytest.mark.parametrize(
    ("base", "options"), [(layers.Layer, {}), (layers.DepthwiseConv2D, {"kernel_size": 3})]
)
def test_a_weight_without_an_initialiser_is_not_passed_over(base: type, options: dict) -> None:
    class Scale(base):
        def build(self, shape: tuple) -> None:
            self.scale = self.add_weight(shape=(shape[-1],), name="scale")

        def call(self, x):
            return x * self.scale

    layer = Scale(**options, name="own")
    layer.build((None, 3))
    with pytest.raises(TypeError, match="own: no initialiser found for the weight 'scale'"):
        reset(layer, [0])


def test_the_cascade_reaches_every_layer_and_leaves_the_network_alone(network: keras.Model) -> None:
    before = weights_of(network)
    seen = []

    def explain(changed: keras.Model) -> dict[str, np.ndarray]:
        now = weights_of(changed)
        same = {
            name: [np.array_equal(a, b) for a, b in zip(before[name], now[name], strict=True)]
            for name in NAMES
        }
        assert all(all(each) or not any(each) for each in same.values())
        seen.append([name for name in NAMES if not any(same[name])])
        return {"method": np.random.default_rng(1).normal(size=(3, 4, 4))}

    originals = {"method": np.random.default_rng(0).normal(size=(3, 4, 4))}
    results = cascade(network, originals, explain, seed=0, steps=4)
    assert [step.layers for step in results] == [tuple(NAMES[:n]) for n in (2, 3, 4, 6)]
    assert seen == [NAMES[:2], NAMES[:3], NAMES[:4], NAMES]
    assert_same(before, weights_of(network))
    seen.clear()
    every = cascade(network, originals, explain, seed=0, steps=None)
    assert [len(step.layers) for step in every] == [1, 2, 3, 4, 5, 6]
    assert seen[1:4] == [NAMES[:2], NAMES[:3], NAMES[:4]]
    seen.clear()
    assert len(cascade(network, originals, explain, seed=0, steps=100)) == 6


def test_independent_randomisation_reaches_one_layer_at_a_time(network: keras.Model) -> None:
    before = weights_of(network)
    reached: dict[str, list[np.ndarray]] = {}

    def explain(changed: keras.Model) -> dict[str, np.ndarray]:
        assert_same(before, weights_of(network))
        now = weights_of(changed)
        different = [n for n in NAMES if not np.array_equal(before[n][0], now[n][0])]
        assert len(different) == 1
        reached[different[0]] = now[different[0]]
        return {"method": np.random.default_rng(1).normal(size=(3, 4, 4))}

    originals = {"method": np.random.default_rng(0).normal(size=(3, 4, 4))}
    every = independent(network, originals, explain, seed=3, steps=99)
    assert [step.layers for step in every] == [(name,) for name in NAMES]
    assert list(reached) == NAMES
    assert_same(before, weights_of(network))

    def fully(changed: keras.Model) -> dict[str, np.ndarray]:
        assert_same(reached, weights_of(changed))  # the same draw as in the cascade
        return originals

    cascade(network, originals, fully, seed=3, steps=1)
    few = independent(network, originals, explain, seed=3, steps=3)
    # Of six layers 0, 2.5 and 5, halves rounded to even.
    assert [step.layers for step in few] == [(NAMES[0],), (NAMES[2],), (NAMES[5],)]


def test_a_map_of_the_image_stays_and_a_map_of_the_weights_changes(network: keras.Model) -> None:
    image = np.random.default_rng(0).random((5, 3, 6))

    def explain(changed: keras.Model) -> dict[str, np.ndarray]:
        kernel = changed.get_layer("conv").get_weights()[0]  # 72 numbers
        return {"edges": image, "filters": np.stack([kernel.ravel()[:18].reshape(3, 6)] * 5)}

    *earlier, last = cascade(network, explain(network), explain, seed=0, steps=4)
    *others, lowest = independent(network, explain(network), explain, seed=0, steps=4)
    for number, limit in (("spearman", 0.9), ("ssim", 0.95)):
        for step in (*earlier, last, *others, lowest):
            np.testing.assert_allclose(step.similarity["edges"][number], 1)
        for step in (*earlier, *others):  # the first convolution is the last layer to be reached
            np.testing.assert_allclose(step.similarity["filters"][number], 1)
        for step in (last, lowest):
            assert (step.similarity["filters"][number] < limit).all()
    for number, values in last.similarity["filters"].items():  # the same layer, the same draw
        np.testing.assert_array_equal(values, lowest.similarity["filters"][number])
    np.testing.assert_array_equal(last.maps["edges"], image)
    assert not any(step.maps for step in (*earlier, *others, lowest))


def test_equal_seeds_give_equal_numbers(network: keras.Model) -> None:
    images = np.random.default_rng(0).random((3, 8, 8, 2)).astype(np.float32)

    def explain(changed: keras.Model) -> dict[str, np.ndarray]:
        features = keras.Model(changed.input, changed.get_layer("separable").output)
        return {"method": features(images).numpy()[..., 0]}

    runs = [cascade(network, explain(network), explain, seed, steps=4) for seed in (5, 5, 6)]
    last = [run[-1].similarity["method"]["spearman"] for run in runs]
    np.testing.assert_array_equal(last[0], last[1])
    assert (last[0] != last[2]).all()


def test_noise_has_nothing_to_do_with_noise() -> None:
    noise = np.random.default_rng(0).random((2, 200, 28, 28))
    values = similarities({"noise": noise[0]}, {"noise": noise[1]})["noise"]
    assert abs(values["spearman"].mean()) < 0.01
    assert values["spearman"].std() == pytest.approx(
        1 / 28, rel=0.2
    )  # of n pixels: 1 / sqrt(n - 1)
    assert abs(values["ssim"].mean()) < 0.05


def test_a_slow_method_is_compared_on_its_first_images() -> None:
    random = np.random.default_rng(0)
    originals = {"cheap": random.random((5, 12, 12)), "slow": random.random((5, 12, 12))}
    maps = {"cheap": random.random((5, 12, 12)), "slow": originals["slow"][:2] * 3}
    kept = {name: values.copy() for name, values in (originals | maps).items()}
    found = similarities(originals, maps)
    for number in ("spearman", "ssim"):
        assert found["cheap"][number].shape == (5,)
        np.testing.assert_allclose(found["slow"][number], [1, 1])
    for name, values in maps.items():
        np.testing.assert_array_equal(values, kept[name])


def test_every_architecture_forgets_everything(architecture: architectures.Architecture) -> None:
    network = trained(copied(architecture.model))
    copy = copied(network)
    for layer in weighted_layers(copy):
        reset(layer, [0])
    kept = sum(
        int((old == new).sum())
        for old, new in zip(network.get_weights(), copy.get_weights(), strict=True)
    )
    assert kept <= 2  # of thousands: two float32 may be equal by chance
