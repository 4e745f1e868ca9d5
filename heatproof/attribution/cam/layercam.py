"""LayerCAM: each place of each feature map weighed by its own gradient (Jiang et al. 2021).

https://doi.org/10.1109/TIP.2021.3089943, its section on LayerCAM: a place's weight is the positive
part of its gradient, the map the positive part of the weighted sum over channels. Since no weight
is shared by a whole channel, it is of use in layers before the last too, whose maps are finer.
After the last feature maps of a network that averages them globally, every place of a channel has
the same gradient, and the map is Grad-CAM's with the negative weights left out (and Grad-CAM++'s).
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
    ),
)
