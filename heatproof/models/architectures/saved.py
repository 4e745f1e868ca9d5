"""saved: a network that exists already, from a file; it is opened and never trained.

Its file is read as `models.model_file` does, which takes no code from it. What the other stages
work on is the flat graph that `stages.open` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from heatproof.config.schema import Block
from heatproof.datasets.options import Normalisation
from heatproof.models.scaling import SCALINGS, Scaling

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    from keras import KerasTensor

INPUT_SIZE: int | None = None
# What it is given for an image is `scaling`, whatever the dataset's normalisation.
NORMALISES = True


def _name_or_numbers(value: Any) -> Any:
    """Refuse at once what is neither: the union would complain twice."""
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(value, dict | Normalisation) or value in tuple(SCALINGS):
        return value
    raise ValueError(f"should be one of {', '.join(SCALINGS)}, or {{mean: […], std: […]}}")


class Network(Block):
    """A network that exists already, from a file; it is opened and never trained."""

    architecture: Literal["saved"]
    """Which architecture."""
    file: Annotated[str, Field(min_length=1, exclude=True)]  # where it lies is no part of it
    """`.keras`, `.h5` or `.onnx` (with requirements-onnx.txt), or a folder: of a SavedModel, or of
    an `.onnx` and its weights; relative to the study’s folder."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file, if it must be this one."""
    scaling: Annotated[Normalisation | str, BeforeValidator(_name_or_numbers)] = "none"
    """What the network is given for pixels in [0, 1]: `none` these; `255` pixels in [0, 255]; `tf`
    in [-1, 1]; `torch` by ImageNet’s mean and deviation; `caffe` blue first, less ImageNet’s mean,
    in [0, 255]; or `{mean: […], std: […]}`."""
    classes: Annotated[list[str], Field(min_length=2)] | None = None
    """Class names in the order of the network’s outputs; those of the dataset, in their order,
    where not given."""

    @model_validator(mode="after")
    def _names_differ(self) -> Network:
        if self.classes and len(set(self.classes)) < len(self.classes):
            raise ValueError("classes: two have one name")
        return self

    @property
    def scales(self) -> Scaling:
        """The scaling in numbers."""
        if isinstance(self.scaling, str):
            return SCALINGS[self.scaling]
        return Scaling(tuple(self.scaling.mean), tuple(self.scaling.std))


def logits(network: Network, x: KerasTensor, classes: int) -> KerasTensor:
    """Give the logits (n, classes) of images in [0, 1], in the order of the network's outputs.

    Raises:
        UserError: the file is no such network, or of another size or number of classes.
    """
    from heatproof.models import existing

    return existing.opened(network, existing.unscaled(network, x.shape[1:]), classes).model(x)


def flat(model: keras.Model) -> keras.Model:
    """Return a network with the file's layers in the place of the file's model."""
    from heatproof.models.flattening import flat_copy

    return flat_copy(model)


def described(path: Path, description: str) -> keras.Model:
    """Build the network that `stages.open` described in a file, its weights yet to be loaded.

    Raises:
        UserError: the file is damaged.
    """
    from heatproof.models import model_file
    from heatproof.models.black_box import BlackBox
    from heatproof.models.gelu import TanhGelu

    return model_file.described(path, description, (BlackBox, TanhGelu))
