"""From a run's options to a network: the parts that are the same for every architecture."""

from pathlib import Path

import keras
import numpy as np

from heatproof.config.registry import modules
from heatproof.config.runs import Run
from heatproof.datasets.options import Normalisation
from heatproof.models import initial
from heatproof.models.options import ARCHITECTURES, unfit
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths, weights
from heatproof.storage.images import Images


def build_model(
    run: Run, input_shape: tuple[int, ...], classes: int, study: Path = Path()
) -> keras.Model:
    """Build a run's network with fresh weights, as one flat functional graph.

    Input float32 (n, height, width, channels) in [0, 1] at the dataset's own size; output logits
    float32 (n, classes). Padding and normalisation are layers of the graph. Call
    `runtime.configure` first.

    Args:
        run: whose network.
        input_shape: height, width, channels of the dataset.
        classes: how many logits.
        study: its folder, where the prepared dataset says what `normalisation: auto` is.

    Raises:
        UserError: the normalisation's channels are not the images', or its numbers are missing; or
            an option of the network does not fit the images' size.
    """
    architecture = modules(ARCHITECTURES)[run.network.architecture]
    if reason := unfit(run.network, *input_shape[:2]):
        raise UserError(f"params.yaml: models.{run.model}.network.{reason}")
    inputs = keras.Input(input_shape, name="image")
    x = _padded(inputs, architecture.INPUT_SIZE)
    if not getattr(architecture, "NORMALISES", False):
        x = _normalised(x, run.dataset, normalisation(run, study))
    outputs = architecture.logits(run.network, x, classes)
    network = keras.Model(inputs, outputs, name=run.model)
    return architecture.flat(network) if hasattr(architecture, "flat") else network


def set_initial_weights(run: Run, network: keras.Model, images: Images) -> None:
    """Give a network the weights that its training starts from, where it has any but random ones.

    Args:
        run: whose network.
        network: with fresh weights.
        images: of the training part, uint8 (n, height, width, channels).

    Raises:
        UserError: they are missing, damaged, or of another network; or no layer can whiten.
    """
    architecture = modules(ARCHITECTURES)[run.network.architecture]
    if hasattr(architecture, "start"):
        architecture.start(run.network, network)
    if run.training.identity:
        initial.hand_on(network)
    if run.training.whitening:
        initial.whiten(network, images)


def trained_network(
    run: Run, input_shape: tuple[int, ...], classes: int, study: Path = Path()
) -> keras.Model:
    """Build a run's network and load its trained weights of a study's folder; see `build_model`.

    Of a saved network these are what `stages.open` made of its file, which is not read again.

    Raises:
        UserError: the weights are missing, damaged, or of another network.
    """
    architecture = modules(ARCHITECTURES)[run.network.architecture]
    if hasattr(architecture, "described"):
        description = weights.describe(run.name, study)
        network = architecture.described(study / paths.weights(run.name), description)
    else:
        network = build_model(run, input_shape, classes, study)
    weights.load(run.name, network, study)
    return network


def normalisation(run: Run, study: Path = Path()) -> Normalisation:
    """Return a run's normalisation in numbers; `auto` is the training part's own.

    Raises:
        UserError: they are to be those of the training part, which is not prepared.
    """
    if isinstance(run.normalisation, Normalisation):
        return run.normalisation
    mean, std = artifacts.read_moments(run.dataset, study)
    # A channel that is the same everywhere still differs by the smallest step that there is.
    return Normalisation(mean=mean.tolist(), std=np.maximum(std, 1 / 255).tolist())


def _padded(x: keras.KerasTensor, size: int | None) -> keras.KerasTensor:
    """Surround a smaller image with black, so that explanations stay in its own pixels."""
    height, width = x.shape[1:3]
    missing = [max((size or 0) - side, 0) for side in (height, width)]
    if not any(missing):
        return x
    padding = tuple((gap // 2, gap - gap // 2) for gap in missing)
    return keras.layers.ZeroPadding2D(padding, name="pad")(x)


def _normalised(
    x: keras.KerasTensor, dataset: str, normalisation: Normalisation
) -> keras.KerasTensor:
    """Apply (x - mean) / std with one mean and std per channel (or one for all)."""
    channels = x.shape[-1]
    mean, std = normalisation.mean, normalisation.std
    if len(mean) not in (1, channels):
        raise UserError(
            f"params.yaml: datasets.{dataset}.normalisation has {len(mean)} channels, the images "
            f"have {channels}: give mean and std one number each, or {channels}"
        )
    mean, std = (values * channels if len(values) == 1 else values for values in (mean, std))
    scale = [1 / deviation for deviation in std]
    offset = [-average / deviation for average, deviation in zip(mean, std, strict=True)]
    return keras.layers.Rescaling(scale, offset, name="normalise")(x)
