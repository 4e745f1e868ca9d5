"""LIME's and SHAP's own packages where they only ask for logits: the same on every framework."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from bench.explaining.calls import Call, Ways
from bench.explaining.exchange import Inputs
from bench.explaining.settings import Settings

if TYPE_CHECKING:
    from shap import PartitionExplainer

Logits = Callable[[np.ndarray], np.ndarray]


def segments(image: np.ndarray, settings: Settings) -> np.ndarray:
    """Return SLIC's superpixels, int64 (height, width) from 0, of (height, width, channels)."""
    from skimage.segmentation import slic

    return slic(
        image,
        n_segments=settings.segments,
        compactness=settings.compactness,
        start_label=0,
        channel_axis=-1,
    )


def lime_ways(logits: Logits, inputs: Inputs, settings: Settings) -> Ways:
    """Return LIME at the project's settings, in batches of 256."""
    from lime.lime_image import LimeImageExplainer

    def explain(count: int) -> None:
        explainer = LimeImageExplainer(random_state=0, feature_selection="none")
        for image, target in zip(inputs.images[:count], inputs.targets[:count], strict=True):
            explainer.explain_instance(
                image.astype(np.float64),
                lambda copies: logits(copies.astype(np.float32)),
                labels=(target,),
                top_labels=None,
                hide_color=0,
                num_samples=settings.perturbed,
                batch_size=256,
                segmentation_fn=lambda pixels: segments(pixels, settings),
            )

    return {"batches of 256": explain}


def lime_at_defaults(predict: Logits, inputs: Inputs) -> Ways:
    """Return LIME with no setting given: 1,000 copies in batches of 10, quickshift's superpixels.

    It makes a grey image one of three equal channels, of which the network gets the first.
    """
    from lime.lime_image import LimeImageExplainer

    channels = inputs.images.shape[-1]
    pictures = inputs.images[..., 0] if channels == 1 else inputs.images

    def explain(count: int) -> None:
        for picture in pictures[:count]:
            LimeImageExplainer().explain_instance(
                picture.astype(np.float64),
                lambda copies: predict(copies[..., :channels].astype(np.float32)),
            )

    return {"no setting": explain}


def partition_ways(logits: Logits, inputs: Inputs, settings: Settings) -> Ways:
    """Return SHAP's PartitionExplainer for the greatest logit, in batches of 50 and 256."""
    explainer = _partition_explainer(logits, inputs)

    def way(size: int) -> Call:
        def explain(count: int) -> None:
            import shap

            explainer(
                inputs.images[:count],
                max_evals=settings.evaluations,
                batch_size=size,
                outputs=shap.Explanation.argsort.flip[:1],
                silent=True,
            )

        return explain

    return {f"batches of {size}": way(size) for size in (50, 256)}


def partition_at_defaults(predict: Logits, inputs: Inputs) -> Ways:
    """Return SHAP's PartitionExplainer with no setting given: all classes, batches of 10."""
    explainer = _partition_explainer(predict, inputs)

    def explain(count: int) -> None:
        explainer(inputs.images[:count], silent=True)

    return {"no setting": explain}


def _partition_explainer(call: Logits, inputs: Inputs) -> "PartitionExplainer":
    import shap

    masker = shap.maskers.Image(np.zeros_like(inputs.images[0]), inputs.images.shape[1:])
    return shap.PartitionExplainer(lambda copies: call(copies.astype(np.float32)), masker)
