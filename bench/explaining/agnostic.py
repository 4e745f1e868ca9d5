"""LIME's and SHAP's own packages where they only ask for logits: the same on every framework."""

from collections.abc import Callable

import numpy as np

from bench.explaining.exchange import Inputs
from bench.explaining.settings import Settings
from bench.explaining.turns import Call

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


def lime_ways(
    logits: Logits, inputs: Inputs, settings: Settings, default: Logits | None = None
) -> dict[str, Call]:
    """Return LIME at batches of 256, or with `default` as it comes: batches of 10, by that call."""
    from lime.lime_image import LimeImageExplainer

    def way(call: Logits, size: int, **options: str) -> Call:
        def explain(count: int) -> None:
            explainer = LimeImageExplainer(random_state=0, **options)
            for image, target in zip(inputs.images[:count], inputs.targets[:count], strict=True):
                explainer.explain_instance(
                    image.astype(np.float64),
                    lambda copies: call(copies.astype(np.float32)),
                    labels=(target,),
                    top_labels=None,
                    hide_color=0,
                    num_samples=settings.perturbed,
                    batch_size=size,
                    segmentation_fn=lambda pixels: segments(pixels, settings),
                )

        return explain

    if default is not None:
        return {"batches of 10": way(default, 10)}
    return {"batches of 256": way(logits, 256, feature_selection="none")}


def partition_ways(
    logits: Logits, inputs: Inputs, settings: Settings, default: Logits | None = None
) -> dict[str, Call]:
    """Return SHAP's PartitionExplainer at batches of 256, or with `default` as it comes."""
    import shap

    masker = shap.maskers.Image(np.zeros_like(inputs.images[0]), inputs.images.shape[1:])

    def way(call: Logits, size: int | str) -> Call:
        explainer = shap.PartitionExplainer(lambda copies: call(copies.astype(np.float32)), masker)

        def explain(count: int) -> None:
            explainer(
                inputs.images[:count],
                max_evals=settings.evaluations,
                batch_size=size,
                outputs=shap.Explanation.argsort.flip[:1],
                silent=True,
            )

        return explain

    if default is not None:
        return {"batches of 10": way(default, "auto")}
    return {f"batches of {size}": way(logits, size) for size in (50, 256)}
