"""Both sides of a check under equal definitions, where ours is another than the library's."""

from typing import Any

import numpy as np

from heatproof.attribution.cam import cam, gradcam
from heatproof.attribution.cam.score_cam import (
    features_of,
    masked_logits,
    most_varying,
    scaled,
    softmax,
)
from heatproof.attribution.core.activation_layers import LOGITS
from heatproof.attribution.core.method import GRADIENTS, UnsupportedNetwork, unserved
from heatproof.attribution.gradients import noisy_gradients
from heatproof.attribution.libraries import shap_package, tf_keras_vis
from heatproof.attribution.shapley.gradient_shap import draws, gradient_shap
from heatproof.crosscheck.subject import Subject

CLASSES = {"gradcam": "Gradcam", "gradcam_plus_plus": "GradcamPlusPlus"}
_EPSILON = 1e-7  # Keras'
_RATE = 0.05  # of RMSprop, of pixels in [0, 1]


def library_map(method: str, subject: Subject, **options: Any) -> np.ndarray:
    """Return tf-keras-vis' class activation map, float32 (n, height, width)."""
    return tf_keras_vis.class_activation_maps(
        method, CLASSES[method], subject.network, subject.images, subject.targets,
        subject.layer(method), **options,
    )  # fmt: skip


def library_cells(method: str, subject: Subject) -> np.ndarray:
    """Return its map of the layer's own size, float (n, rows, columns), without exp(logit).

    That factor is Grad-CAM++'s of a whole map, since the class score is exp(logit) there.
    """
    maps = library_map(method, subject, expand_cam=False).astype(float)
    if method == "gradcam":
        return maps
    logits = subject.network.logits(subject.images).astype(float)
    own = logits[np.arange(len(logits)), subject.targets]
    return maps / np.exp(own)[:, None, None]


def gradcam_cells(subject: Subject) -> np.ndarray:
    """Return our Grad-CAM of the layer's own size, float32 (n, rows, columns)."""
    return _cells(subject, "gradcam", gradcam.weighted)


def summed_alphas_cells(subject: Subject) -> np.ndarray:
    """Return Grad-CAM++ as tf-keras-vis and the authors' program have it, from our gradients."""
    return _cells(subject, "gradcam_plus_plus", _by_summed_alphas)


def _cells(subject: Subject, method: str, weighting: cam.Weighting) -> np.ndarray:
    layer = subject.layer(method)
    function = subject.network.compiled(
        ("crosscheck", layer, weighting), cam.cells(subject.network, layer, weighting)
    )
    return subject.network.in_batches(function, subject.images, subject.targets)


def _by_summed_alphas(features: Any, gradients: Any) -> Any:
    """Weigh by relu(gradient) times alpha, divided by the sum of the channel's alphas."""
    import tensorflow as tf

    total = tf.reduce_sum(features, axis=(1, 2), keepdims=True)
    alphas = tf.math.divide_no_nan(tf.cast(gradients != 0, gradients.dtype), 2 + gradients * total)
    weights = tf.math.divide_no_nan(
        tf.reduce_sum(alphas * tf.nn.relu(gradients), axis=(1, 2)),
        tf.reduce_sum(alphas, axis=(1, 2)),
    )
    return tf.einsum("nijk,nk->nij", features, weights)


def score_cam_cells(subject: Subject) -> np.ndarray:
    """Return Score-CAM as tf-keras-vis has it, of the layer's own size, from our logits."""
    from scipy.ndimage import zoom

    layer, size = subject.layer("score_cam"), subject.network.image_shape[:2]
    maps = []
    for image, target, features in zip(
        subject.images, subject.targets, features_of(subject.network, subject.images, layer),
        strict=True,
    ):  # fmt: skip
        kept = most_varying(features, _channels(subject))
        factors = (size[0] / kept.shape[0], size[1] / kept.shape[1], 1)
        masks = np.moveaxis(zoom(kept, factors, order=1, mode="nearest"), -1, 0)
        logits = masked_logits(subject.network, image, scaled(masks, _EPSILON))
        weights = softmax(logits.T)[target]  # over the classes
        maps.append(np.maximum(kept @ weights, 0))
    return np.array(maps)


def library_score_cam_cells(subject: Subject) -> np.ndarray:
    """Return its map of the layer's own size, float32 (n, rows, columns)."""
    return tf_keras_vis.score_cam_maps(
        *_rows(subject), subject.layer("score_cam"), _channels(subject), expand_cam=False
    )


def _channels(subject: Subject) -> int:
    options: Any = subject.options["score_cam"]
    return options.channels


def smoothgrad_draw(subject: Subject, seed: int) -> np.ndarray:
    """Return our SmoothGrad with the noise of a seed."""
    # Rounding is far below what the noise leaves.
    noise = _noise(subject)
    return noisy_gradients.smoothgrad(*_rows(subject), **noise, precision="single", seed=seed).maps


def library_smoothgrad(subject: Subject) -> np.ndarray:
    """Return tf-keras-vis' SmoothGrad as it is: means of magnitudes, noise of the image's range."""
    seed = subject.context.seed
    return tf_keras_vis.smoothgrad_together(*_rows(subject), **_noise(subject), seed=seed)


def library_smoothgrad_draw(subject: Subject, seed: int) -> np.ndarray:
    """Return tf-keras-vis' with signed gradients, and noise of the same standard deviation."""
    return tf_keras_vis.signed_smoothgrad(*_rows(subject), **_noise(subject), seed=seed)


def _rows(subject: Subject) -> tuple[Any, np.ndarray, np.ndarray]:
    return subject.network, subject.images, subject.targets


def _noise(subject: Subject) -> dict[str, Any]:
    options: Any = subject.options["smoothgrad"]
    return {"samples": options.samples, "noise": options.noise}


def gradient_shap_at_library_draws(subject: Subject) -> np.ndarray:
    """Return our GradientSHAP at the points that shap draws from the study's seed."""
    background, samples = _shapley(subject)
    drawn = shap_package.draws(len(background), samples, subject.context.seed)
    return gradient_shap(*_rows(subject), background, *drawn).maps


def gradient_shap_draw(subject: Subject, seed: int) -> np.ndarray:
    """Return our GradientSHAP at our own points, of a seed."""
    background, samples = _shapley(subject)
    return gradient_shap(*_rows(subject), background, *draws(len(background), samples, seed)).maps


def library_gradient_shap_draw(subject: Subject, seed: int) -> np.ndarray:
    """Return shap's, of a seed."""
    background, samples = _shapley(subject)
    return shap_package.gradient_shap(*_rows(subject), background, samples, seed).maps


def _shapley(subject: Subject) -> tuple[np.ndarray, int]:
    options: Any = subject.options["gradient_shap"]
    return subject.context.background(options.background), options.samples


def maximised(subject: Subject) -> np.ndarray:
    """Return the logits that our climb reaches for the rows' classes, float (n, 2).

    The second is where each begins, at the grey image.
    """
    from heatproof.features.activation_maximisation import maximise

    if reason := unserved(GRADIENTS, subject.network.opaque):
        raise UnsupportedNetwork(reason)
    plain = {"total_variation": 0.0, "jitter": 0, "noise": 0.0}
    options = subject.maximisation.model_copy(update=plain)
    found = maximise(subject.network, LOGITS, subject.targets, options, subject.context.seed)
    return _logits(subject, found.images)


def library_maximised(subject: Subject) -> np.ndarray:
    """Return the same of tf-keras-vis."""
    images = tf_keras_vis.maximised(
        subject.network, subject.targets, _grey(subject), subject.maximisation.steps, _RATE
    )
    return _logits(subject, images)


def _grey(subject: Subject) -> np.ndarray:
    return np.full(subject.network.image_shape, 0.5, np.float32)


def _logits(subject: Subject, images: np.ndarray) -> np.ndarray:
    reached = subject.network.logits(images)[np.arange(len(images)), subject.targets]
    start = subject.network.logits(_grey(subject)[None])[0, subject.targets]
    return np.stack([reached, start], axis=1)
