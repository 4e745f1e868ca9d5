"""Every method on networks with attention."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from heatproof.attribution import registry
from heatproof.attribution.core.activation_layers import LOGITS, activated_maps
from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.method import Context, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries import tf_keras_vis
from heatproof.counterfactuals.adversarial import fgsm
from heatproof.features.activation_maximisation import maximise
from heatproof.features.dead_filters import survey
from heatproof.features.filters import first_filters
from heatproof.features.options import MaximisationOptions
from heatproof.models.flattening import flattened
from heatproof.models.gelu import TanhGelu
from heatproof.models.graphs import copied
from heatproof.trust.random_weights import randomise_top_down
from tests.attribution import transformers
from tests.attribution.smaller import smaller

pytestmark = pytest.mark.usefixtures("uncompiled")

# One of each kind that goes through a network in its own way.
KINDS = ("gradcam", "ablation_cam", "score_cam", "saliency", "guided_backprop", "lrp_epsilon",
         "lrp_alpha_beta", "deep_shap")  # fmt: skip
MAPS = {"cct": "norm", "vit": "block2_norm1", "cbam_resnet": "block2_relu"}


@pytest.fixture(scope="module", params=MAPS)
def network(request: pytest.FixtureRequest) -> Network:
    return Network(transformers.model(request.param))


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Leave out XLA, too, which compiles DeepSHAP's rules."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
def test_every_kind_of_method(network: Network) -> None:
    images, targets = transformers.images(), np.array([1, 3])
    context = Context((255 * transformers.images(3)).astype(np.uint8), seed=3)
    for name in KINDS:
        method = registry.methods()[name]
        found = method.with_options(smaller(method.options()), context)(network, images, targets)
        assert found.maps.shape == images.shape[:3] and np.isfinite(found.maps).all(), name
        assert found.maps.any(axis=(1, 2)).all() or method.family == "cam", name
        assert found.layer == (MAPS[network.model.name] if method.family == "cam" else None)
        if name == "deep_shap":
            assert found.numbers["additivity_gap"].max() < 1e-3


def test_features_and_attacks(network: Network) -> None:
    name, images = network.model.name, transformers.images()
    banks = first_filters(network.trained)
    assert [bank.kernels.shape[1:] for bank in banks.values()] == [
        (4, 4, 3) if name == "vit" else (3, 3, 3)
    ]
    maps = activated_maps(network.model)
    assert maps and not any("attention" in layer for layer in maps)
    activity = survey(network, [*maps, LOGITS], (255 * images).astype(np.uint8))
    assert all(np.isfinite(known.largest).all() for known in activity.values())
    options = MaximisationOptions(
        layers=1, steps=2, step_size=0.1, total_variation=0.2, jitter=1, noise=0.2
    )
    climbed = maximise(network, maps[-1], np.arange(2), options, seed=3).images
    assert np.abs(climbed[0] - climbed[1]).max() > 0.01
    attacked = fgsm(network, images, [0.1])
    assert np.isfinite(attacked.images).all()


def test_randomised_attention_gives_other_maps(network: Network) -> None:
    """The weights within a layer of attention are drawn again as those of any other layer."""
    images, targets = transformers.images(), np.array([1, 3])
    changed = copied(network.trained)
    before = changed.get_weights()
    for _ in randomise_top_down(changed, seed=1):
        pass
    kernels = [
        (one, two) for one, two in zip(before, changed.get_weights(), strict=True) if one.ndim > 1
    ]  # fmt: skip
    assert sum(np.abs(one - two).max() > 1e-3 for one, two in kernels) >= len(kernels) - 1
    other = Network(network.trained)
    trained = other.score_gradients(images, targets)
    other.load(changed)
    random = other.score_gradients(images, targets)
    assert np.abs(random - trained).max() > 0.1 * np.abs(trained).max()
    expected = np.asarray(changed(images, training=False))
    np.testing.assert_allclose(other.logits(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("eagerly")
def test_a_user_s_own() -> None:
    given = transformers.users_own()
    flat = flattened(given)
    network, images = Network(flat.model), transformers.images()
    assert [type(layer) for layer in flat.model.layers].count(TanhGelu) == 1
    likely = np.asarray(given(images, training=False))
    logits = network.logits(images)
    powers = np.exp(logits)
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), likely, atol=1e-5)
    assert network.model.get_layer("attend_weights").output.shape[1:] == (2, 4, 4)
    assert feature_layer(network.model) == "sum"
    for name in ("gradcam", "guided_backprop", "lrp_epsilon", "deep_shap"):
        method = registry.methods()[name]
        context = Context((255 * images).astype(np.uint8), seed=3)
        explain = method.with_options(smaller(method.options()), context)
        assert np.isfinite(explain(network, images, np.array([0, 2])).maps).all(), name


def masked() -> keras.Model:
    """Return a network of the image's rows, which are no grid, whose attention is masked."""
    image = keras.Input((4, 4, 3))
    rows = layers.Reshape((4, 12), name="rows")(image)
    x = layers.MultiHeadAttention(1, 2, name="attend")(rows, rows, use_causal_mask=True)
    return keras.Model(image, layers.Dense(2, name="logits")(layers.Flatten(name="flat")(x)))


def test_what_a_method_cannot_do_is_said() -> None:
    network, images = Network(masked()), np.zeros((1, 4, 4, 3), np.float32)
    context = Context(np.zeros((2, 4, 4, 3), np.uint8), seed=3)
    for name, reason in {
        "gradcam": "no tokens form a grid",
        "ablation_cam": "no tokens form a grid",
        "score_cam": "no tokens form a grid",
        "lrp_epsilon": "its attention is masked .'attend'.",
        "deep_shap": "'attend' .MultiHeadAttention, its attention is masked.",
    }.items():
        method = registry.methods()[name]
        explain = method.with_options(smaller(method.options()), context)
        with pytest.raises(UnsupportedNetwork, match=reason):
            explain(network, images, np.zeros(1, int))
    with pytest.raises(UnsupportedNetwork, match=r"tf-keras-vis .* 'norm' gives tokens"):
        tokens = Network(transformers.model("cct"))
        tf_keras_vis.gradcam(tokens, transformers.images(), np.array([0, 1]), "norm")


def test_the_approximate_gelu() -> None:
    x = tf.constant(np.linspace(-4, 4, 41, dtype=np.float32))
    results = []
    for function in (TanhGelu(), lambda x: tf.nn.gelu(x, approximate=True)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            given = function(x)
        results.append((given, tape.gradient(given, x)))
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
