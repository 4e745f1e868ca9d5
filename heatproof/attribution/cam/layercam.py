"""LayerCAM: each place of each feature map weighed by its own gradient (Jiang et al. 2021).

https://doi.org/10.1109/TIP.2021.3089943, its section on LayerCAM: a place's weight is the positive
part of its gradient, the map the positive part of the weighted sum over channels. Since no weight
is shared by a whole channel, it is of use in layers before the last too, whose maps are finer.
After the last feature maps of a network that averages them globally, every place of a channel has
the same gradient, and the map is Grad-CAM's with the negative weights left out.
"""

from typing import Any

from heatproof.attribution.cam import cam


def weighted(features: Any, gradients: Any) -> Any:
    """Weigh each place by its positive gradient, and sum the channels."""
    import tensorflow as tf

    return tf.reduce_sum(tf.nn.relu(gradients) * features, axis=-1)


METHODS = (
    cam.method(
        name="layercam",
        label="LayerCAM",
        weighting=weighted,
        shows="where a feature is present and more of it at the same place would raise the class "
        "score; finer than Grad-CAM in layers of high resolution",
        reference="Jiang et al. 2021",
        address="doi:10.1109/TIP.2021.3089943",
        definition="The sum over the layer’s feature maps of each place’s value times the "
        "positive part of the logit’s gradient there; its positive part.",
        equation="M = max(0, Σ_k max(0, ∂S/∂A^k) ⊙ A^k)",
        deviations="One layer by itself: the paper also combines layers, of which it scales "
        "early ones with tanh. Places of the feature map are put where their receptive fields "
        "are; programs stretch the map over the image.",
    ),
)
