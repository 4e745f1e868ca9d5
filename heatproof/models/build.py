"""From params.yaml to a network: the parts that are the same for every architecture."""

import importlib
from typing import TYPE_CHECKING

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import keras

    from heatproof.config.params import Params


def build_model(
    params: "Params", cell: str, input_shape: tuple[int, int, int], classes: int
) -> "keras.Model":
    """Build a cell's network with fresh weights, as one flat functional graph.

    Input float32 (n, height, width, channels) in [0, 1] at the dataset's own size; output logits
    float32 (n, classes). Padding and normalisation are layers of the graph. Call
    `runtime.configure` first.

    Args:
        params: the study's parameters.
        cell: whose network.
        input_shape: height, width, channels of the dataset.
        classes: how many logits.

    Raises:
        UserError: the normalisation's channels are not the images'.
    """
    import keras

    model = params.model_of(cell)
    dataset = params.cell(cell).dataset
    architecture = importlib.import_module(f"heatproof.models.architectures.{model.architecture}")
    inputs = keras.Input(input_shape, name="image")
    x = _padded(inputs, architecture.INPUT_SIZE)
    x = _normalised(x, dataset, params.dataset(dataset).normalisation)
    outputs = architecture.logits(model.network, x, classes)
    return keras.Model(inputs, outputs, name=params.cell(cell).model)


def _padded(x: "keras.KerasTensor", size: int | None) -> "keras.KerasTensor":
    """Surround a smaller image with black, so that explanations stay in its own pixels."""
    import keras

    height, width = x.shape[1:3]
    missing = [max((size or 0) - side, 0) for side in (height, width)]
    if not any(missing):
        return x
    padding = tuple((gap // 2, gap - gap // 2) for gap in missing)
    return keras.layers.ZeroPadding2D(padding, name="pad")(x)


def _normalised(x: "keras.KerasTensor", dataset: str, normalisation) -> "keras.KerasTensor":
    """Apply (x - mean) / std with one mean and std a channel (or one for all)."""
    import keras

    channels = x.shape[-1]
    mean, std = normalisation.mean, normalisation.std
    if len(mean) not in (1, channels):
        raise UserError(
            f"params.yaml: datasets.{dataset}.normalisation has {len(mean)} channels, the images "
            f"have {channels}: give mean and std one number each, or {channels}"
        )
    mean, std = (
        values * channels if len(values) == 1 else values for values in (list(mean), list(std))
    )
    scale = [1 / deviation for deviation in std]
    offset = [-average / deviation for average, deviation in zip(mean, std, strict=True)]
    return keras.layers.Rescaling(scale, offset, name="normalise")(x)
