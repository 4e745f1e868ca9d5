"""lime (https://github.com/marcotcr/lime): its LimeImageExplainer, at our segments and fill.

By itself the package divides an image by quickshift, which gives two segments on 28×28 pixels, and
fills a segment with its own mean colour, which leaves most of a digit as it is.
"""

import importlib
import io
from collections.abc import Callable
from contextlib import redirect_stderr

import numpy as np

from heatproof.attribution.core.network import Network
from heatproof.attribution.libraries.serving import served_by

PACKAGE = "lime"
# Of a segmentation that draws nothing; the package would take it from the samples' generator.
_UNUSED_SEED = 0


def explained(
    network: Network,
    image: np.ndarray,
    target: int,
    fill: np.ndarray,
    segment: Callable[[np.ndarray], np.ndarray],
    samples: int,
    kernel_width: float,
    ridge: float,
    seed: int,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Explain an image's logit of a class.

    Args:
        network: whose logits.
        image: float32 (height, width, channels) in [0, 1].
        target: the class.
        fill: what a segment that is off shows, float32 like `image`.
        segment: (image float32 like `image`) -> int64 (height, width), its segments from 0.
        samples: perturbed copies.
        kernel_width: see `perturbation.lime`.
        ridge: see there.
        seed: of what is switched off.

    Returns:
        a map, float64 (height, width); the R² of its model; and the segments.
    """
    channels = image.shape[-1]
    coloured = np.repeat(image, 3, axis=-1) if channels == 1 else image
    with served_by(PACKAGE), redirect_stderr(io.StringIO()):  # a progress bar for each image
        library = importlib.import_module("lime.lime_image")
        from sklearn.linear_model import Ridge

        explainer = library.LimeImageExplainer(kernel_width, random_state=seed % 2**32)
        result = explainer.explain_instance(
            coloured.astype(np.float64),
            lambda batch: network.logits(batch[..., :channels].astype(np.float32)),
            labels=(target,),
            top_labels=None,
            hide_color=np.broadcast_to(fill, coloured.shape),
            num_samples=samples,
            batch_size=network.batch_size,
            segmentation_fn=lambda shown: segment(shown[..., :channels].astype(np.float32)),
            model_regressor=Ridge(ridge),
            random_seed=_UNUSED_SEED,
        )
        weights = np.array([weight for _, weight in sorted(result.local_exp[target])])
        return weights[result.segments], float(result.score), result.segments
