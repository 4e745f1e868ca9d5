"""tf-keras-vis (https://github.com/keisen/tf-keras-vis): its maps, not normalised.

By itself the library scales each map to between 0 and 1; told not to, it gives it in the logits'
own units, as all maps are here. A class activation map is enlarged by the library as if the feature
maps covered the image edge to edge, whatever the convolutions' padding.
"""

import importlib
import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from heatproof.attribution.core.feature_maps import feature_layer
from heatproof.attribution.core.method import Attribution, UnsupportedNetwork
from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries.serving import as_list, served_by, version

PACKAGE = "tf-keras-vis"


def gradcam(network: Network, images: np.ndarray, targets: np.ndarray, layer: str) -> Attribution:
    """Attribute each target logit to regions, by the library's `Gradcam`."""
    maps = class_activation_maps("gradcam", "Gradcam", network, images, targets, layer)
    return Attribution(maps, layer=layer, engine=version(PACKAGE))


def score_cam(
    network: Network, images: np.ndarray, targets: np.ndarray, layer: str, channels: int
) -> Attribution:
    """Attribute each target's probability to regions, by the library's `Scorecam`."""
    chosen = feature_layer(network.model, layer, key="explain.gradients.score_cam.layer")
    maps = score_cam_maps(network, images, targets, chosen, channels)
    return Attribution(maps, layer=chosen, engine=version(PACKAGE))


def score_cam_maps(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    layer: str,
    channels: int,
    **options: Any,
) -> np.ndarray:
    """Return Score-CAM's maps; see `class_activation_maps`.

    Image by image: the library keeps every masked copy of all of them, several times over.
    """
    all_channels = network.model.get_layer(layer).output.shape[-1]
    more = {"max_N": channels} if channels < all_channels else {}
    with redirect_stdout(io.StringIO()):  # a progress bar for each image
        return np.concatenate(
            [
                class_activation_maps(
                    "scorecam", "Scorecam", network, images[i : i + 1], targets[i : i + 1], layer,
                    batch_size=network.batch_size, **more, **options,
                )
                for i in range(len(images))
            ]
        )  # fmt: skip


def class_activation_maps(
    module: str,
    name: str,
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    layer: str,
    **options: Any,
) -> np.ndarray:
    """Return the maps of one of the library's class activation maps, float32 (n, height, width).

    Args:
        module: of tf_keras_vis.
        name: the class in it.
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        layer: whose feature maps are weighed.
        options: more of the library's own; `expand_cam=False` gives maps of the layer's own size.

    Raises:
        UnsupportedNetwork: the layer's feature maps are tokens.
    """
    if len(network.model.get_layer(layer).output.shape) != 4:
        raise UnsupportedNetwork(
            f"{PACKAGE} weighs feature maps of rows and columns, and '{layer}' gives tokens"
        )
    with served_by(PACKAGE):
        method = getattr(importlib.import_module(f"tf_keras_vis.{module}"), name)
        explain = method(as_list(network.trained), model_modifier=None, clone=False)
        maps = explain(
            _score(targets),
            images,
            penultimate_layer=layer,
            seek_penultimate_conv_layer=False,
            normalize_cam=False,
            **options,
        )
        return np.asarray(maps, np.float32)


def saliency(network: Network, images: np.ndarray, targets: np.ndarray) -> Attribution:
    """Attribute each target logit to pixels, by the library's `Saliency`."""
    return Attribution(_gradients(network, images, targets), engine=version(PACKAGE))


def smoothgrad(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> Attribution:
    """Attribute each target logit to pixels, by `Saliency` with `smooth_samples`.

    The library takes the mean of the gradients' magnitudes. Its noise is drawn from NumPy's global
    generator, which is seeded for each image here, so that no map depends on its neighbours; its
    standard deviation is a share of the range of the image's own pixels.
    """
    maps = [
        _gradients(
            network, images[i : i + 1], targets[i : i + 1], seed,
            smooth_samples=samples, smooth_noise=noise,
        )
        for i in range(len(images))
    ]  # fmt: skip
    empty = np.zeros((0, *images.shape[1:3]), np.float32)
    return Attribution(np.concatenate([empty, *maps]), engine=version(PACKAGE))


def smoothgrad_together(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> np.ndarray:
    """Return the maps of `smoothgrad` for all images in one call, with noise of other draws.

    A call takes a pass for each sample, however many images it has.
    """
    return _gradients(network, images, targets, seed, smooth_samples=samples, smooth_noise=noise)


def signed_smoothgrad(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    samples: int,
    noise: float,
    seed: int,
) -> np.ndarray:
    """Return the magnitude of the library's mean gradient at noise of [0, 1]'s range.

    Returns:
        float32 (n, height, width), of the channels the largest: SmoothGrad as it is defined here.
        An image of one colour, which the library gives no noise, has NaN.
    """
    spans = np.ptp(images, axis=(1, 2, 3)).reshape(1, -1, 1, 1, 1)  # of the library's copies
    noises = np.divide(noise, spans, out=np.zeros_like(spans), where=spans > 0)
    mean = _gradients(
        network, images, targets, seed,
        smooth_samples=samples, smooth_noise=noises, keepdims=True, gradient_modifier=None,
    )  # fmt: skip
    maps = np.abs(mean).max(axis=-1)
    maps[spans.ravel() == 0] = np.nan
    return maps


def maximised(
    network: Network, classes: np.ndarray, start: np.ndarray, steps: int, rate: float
) -> np.ndarray:
    """Return the images to which the library climbs for classes, float32 (n, height, ...).

    Args:
        network: whose logits.
        classes: int64 (n,).
        start: float32 (height, width, channels), where each begins.
        steps: how many.
        rate: of Keras' RMSprop, by which the library climbs.
    """
    import keras

    with served_by(PACKAGE):
        library = importlib.import_module("tf_keras_vis.activation_maximization")
        images = library.ActivationMaximization(as_list(network.trained), clone=False)(
            _score(classes),
            seed_input=np.broadcast_to(start, (len(classes), *start.shape)).astype(np.float32),
            input_range=(0.0, 1.0),
            input_modifiers=[],
            regularizers=[],
            steps=steps,
            optimizer=keras.optimizers.RMSprop(rate, 0.999),
        )
        return np.asarray(images, np.float32)


def _gradients(
    network: Network,
    images: np.ndarray,
    targets: np.ndarray,
    seed: int | None = None,
    **options: Any,
) -> np.ndarray:
    with served_by(PACKAGE):
        library = importlib.import_module("tf_keras_vis.saliency")
        if seed is not None:
            np.random.seed(seed % 2**32)  # noqa: NPY002 - what the library draws from
        explain = library.Saliency(as_list(network.trained), model_modifier=None, clone=False)
        return np.asarray(
            explain(_score(targets), images, normalize_map=False, **options), np.float32
        )


def _score(targets: np.ndarray) -> Any:
    scores = importlib.import_module("tf_keras_vis.utils.scores")
    return scores.CategoricalScore(targets.tolist())
