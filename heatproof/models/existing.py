"""A network that exists already, as a study's contract has it: pixels in [0, 1] in, logits out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import keras

from heatproof.models import black_box, program, program_network
from heatproof.models.flattening import (
    Flattened,
    flat_copy,
    flattened,
    require_image_classifier,
    take_red_first,
)
from heatproof.models.graphs import last_layer
from heatproof.models.model_file import read_model
from heatproof.models.scaling import Scaling
from heatproof.run.errors import UserError, nearest, shown_value

_LISTED = 10  # classes in a message


class Network(Protocol):
    """A network as params.yaml has it, see `architectures.saved`."""

    file: str
    sha256: str | None
    classes: list[str] | None

    @property
    def scales(self) -> Scaling: ...


def opened(
    network: Network, flat: Flattened, classes: Sequence[str] | int, name: str | None = None
) -> Flattened:
    """Make a network that `unscaled` read what params.yaml says it is: scaled, its classes named.

    Args:
        network: its scaling, and the order of its classes.
        flat: as `unscaled` gives it.
        classes: names, whose order the logits are to have; or how many, for logits in the order of
            the network's outputs.
        name: what it is called in messages; its own name if left out.

    Raises:
        UserError: it is of other classes, or its scaling of other channels.
    """
    given = flat.model.output_shape[-1]
    wanted = classes if isinstance(classes, int) else len(classes)
    if given != wanted:
        raise UserError(
            f"{network.file}: it gives {given} scores, and the dataset has {wanted} classes"
            f"{_listed(classes)}; expected the pictures of the network's own classes, a folder each"
        )
    whole = scaled(flat, network.scales, name)
    if not isinstance(classes, int) and network.classes:
        _order_logits(whole.model, _places(network, classes))
    return whole


def own_shape(network: Network, size: tuple[int, int] | None = None) -> tuple[int, int, int]:
    """Return height, width and channels of the images that a file's network takes.

    Args:
        network: the file.
        size: height and width, for a network that takes images of any size.

    Raises:
        UserError: as `model_file.read_model`; or they are of any size, and none is given, or of
            another size than is given.
    """
    path = Path(network.file)
    if program.kind_of(path):
        height, width, channels = program_network.own_shape(path, size)
    else:
        model = read_model(path)
        require_image_classifier(model)
        height, width, channels = model.input_shape[1:]
    if size is None and None in (height, width):
        raise UserError(f"{network.file}: it takes images of any size: choose one by --size")
    if size is not None and (height or size[0], width or size[1]) != size:
        raise UserError(
            f"{network.file}: it takes images of {height}×{width} pixels; leave out --size"
        )
    height, width = size or (height, width)
    assert height and width
    return height, width, channels


def unscaled(network: Network, shape: tuple[int, ...]) -> Flattened:
    """Open the file that a model of params.yaml names: read and flattened.

    Args:
        network: the file.
        shape: height, width and channels of the dataset's images.

    Raises:
        UserError: the file is missing, another than the one that is meant, or has code in it; its
            network is no image classifier, or one of other images.
    """
    path = Path(network.file)
    _require_checksum(path, network.sha256)
    flat = read(path, shape)
    if flat.model.input_shape[1:] != tuple(shape):
        height, width, channels = flat.model.input_shape[1:]
        colour = {1: ", colour: gray", 3: ", colour: rgb"}.get(channels, "")
        raise UserError(
            f"{path}: it takes images of {height}×{width} pixels and {channels} channels, those of "
            f"the dataset have {shape[0]}×{shape[1]} and {shape[2]}; let the dataset's fetch have "
            f"`size: [{height}, {width}]{colour}`"
        )
    return flat


def read(path: Path, shape: tuple[int, ...]) -> Flattened:
    """Open a network's file, of whichever kind: one flat graph that ends in logits.

    Args:
        path: of Keras, a SavedModel's folder, or of ONNX.
        shape: height, width and channels of its images, if it takes images of any size.

    Raises:
        UserError: as `model_file.read_model`, `flattening.flattened` and `program_network.opened`.
    """
    if program.kind_of(path):
        height, width, channels = shape
        return program_network.opened(path, (height, width, channels))
    return flattened(read_model(path), shape)


def scaled(flat: Flattened, scaling: Scaling, name: str | None = None) -> Flattened:
    """Copy a flat network, with its scaling as the first layer of the graph.

    Args:
        flat: as `flattening.flattened` gives it.
        scaling: what it reads for pixels in [0, 1].
        name: of the copy; the network's own if left out.

    Raises:
        UserError: its images have other channels than the scaling.
    """
    model = flat.model
    shape = model.input_shape[1:]
    try:
        scale, offset = scaling.as_layer(shape[-1])
    except ValueError as reason:
        raise UserError(f"{model.name}: its scaling does not fit: {reason}") from None
    image = keras.Input(shape, name="image")
    x = keras.layers.Rescaling(scale, offset, name="normalise")(image)
    whole = flat_copy(keras.Model(image, model(x), name=name or model.name))
    box = black_box.within(whole)
    if scaling.bgr and box is None:
        take_red_first(whole)
    elif scaling.bgr and box is not None:
        box.reads_blue_first()
    return Flattened(whole, flat.notes)


def _places(network: Network, classes: Sequence[str]) -> list[int]:
    """Return which of the network's outputs is that of each class of the dataset."""
    assert network.classes is not None
    for name in network.classes:
        if name not in classes:
            raise UserError(
                f"params.yaml: network.classes: the dataset has no class {shown_value(name)}"
                f"{nearest(name, list(classes))}{_listed(classes)}; name its classes, in the order "
                f"of the outputs of {network.file}"
            )
    if len(network.classes) != len(classes):
        raise UserError(
            f"params.yaml: network.classes: {len(network.classes)} of them, and the dataset has "
            f"{len(classes)}{_listed(classes)}; name each once, in the order of its outputs"
        )
    return [network.classes.index(name) for name in classes]


def _order_logits(model: keras.Model, places: Sequence[int]) -> None:
    """Put a flat network's logits into another order, in place.

    Raises:
        UserError: they come from something else than a dense layer.
    """
    last = last_layer(model)
    if list(places) == sorted(places):
        return
    if isinstance(last, black_box.BlackBox):
        last.orders(places)
        return
    if not isinstance(last, keras.layers.Dense):
        raise UserError(
            f"{model.name}: its outputs come from '{last.name}', not from a dense layer, and can "
            "only stay in their order: leave out network.classes, and call the class folders so "
            "that their alphabetical order is that of the outputs"
        )
    last.set_weights([values[..., list(places)] for values in last.get_weights()])


def _listed(classes: Sequence[str] | int) -> str:
    if isinstance(classes, int):
        return ""
    more = ", …" if len(classes) > _LISTED else ""
    return f" ({', '.join(map(str, classes[:_LISTED]))}{more})"


def _require_checksum(path: Path, sha256: str | None) -> None:
    if sha256 is None or not path.exists():
        return
    if (found := program.checksum(path)) != sha256:
        raise UserError(
            f"{path}: its SHA-256 is {found}, network.sha256 is {sha256}; if it is the file that "
            "you mean, write that into params.yaml"
        )
