"""A network that exists already, as a study's contract has it: pixels in [0, 1] in, logits out."""

import keras

from heatproof.models.flattening import Flattened, flat_copy, flattened, take_red_first
from heatproof.models.scaling import Scaling
from heatproof.run.errors import UserError


def scaled(model: keras.Model, scaling: Scaling) -> Flattened:
    """Flatten a network, with its scaling as the first layer of the graph.

    Args:
        model: any image classifier that `flattening.flattened` takes.
        scaling: what it reads for pixels in [0, 1].

    Raises:
        UserError: it is no such network, or its images have other channels than the scaling.
    """
    flat = flattened(model)
    shape = flat.model.input_shape[1:]
    try:
        scale, offset = scaling.as_layer(shape[-1])
    except ValueError as reason:
        raise UserError(f"{model.name}: its scaling does not fit: {reason}") from None
    if scaling.bgr:
        take_red_first(flat.model)
    image = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(scale, offset, name="normalise")(image)
    whole = keras.Model(image, flat.model(x), name=model.name)
    return Flattened(flat_copy(whole), flat.notes)
