"""The family of methods that need a gradient: Grad-CAM and saliency."""

from functools import partial
from typing import TYPE_CHECKING

from stages.explainers import Family
from stages.explainers.feature_maps import feature_layer
from stages.explainers.gradcam import gradcam
from stages.explainers.saliency import saliency
from stages.explainers.scores import require_logits

if TYPE_CHECKING:
    import keras

    from stages.params import Gradients


def family(model: "keras.Model", options: "Gradients") -> Family:
    """Return the methods for one network, with the layer found.

    Raises:
        UserError: `options.layer` is no feature map of the network.
    """
    require_logits(model)
    layer = feature_layer(model, options.layer)
    return Family(
        methods={"gradcam": partial(gradcam, layer=layer), "saliency": saliency},
        facts={"layer": layer},
    )
