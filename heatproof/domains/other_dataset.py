"""Another dataset's test images as a network takes them: its size and colour, its classes."""

import numpy as np
from PIL import Image

from heatproof.datasets.decoding import as_pixels
from heatproof.run.errors import UserError, escaped
from heatproof.storage.images import Images
from heatproof.storage.scratch import Scratch

SHOWN = 12  # names of classes in a message


def as_network_takes(images: Images, shape: tuple[int, int, int]) -> Images:
    """Bring stored images to a network's size and kind of pixels, as image files are (`decoding`).

    Args:
        images: uint8 (n, height, width, 1 or 3).
        shape: height, width and channels, 1 or 3, of the network's input.

    Returns:
        uint8 (n, *shape), in a file; images of this shape as they are.
    """
    if images.shape[1:] == shape:
        return images
    height, width, channels = shape
    colour = "rgb" if channels == 3 else "gray"
    brought = Scratch(len(images), shape)
    for index in range(len(images)):
        image = images[index]
        picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
        brought[index] = as_pixels(picture, height, width, colour)
    return brought.images()


def classes_in_order(
    place: str,
    own: tuple[str, tuple[str, ...]],
    other: tuple[str, tuple[str, ...]],
) -> np.ndarray:
    """Say which class of a network's dataset each class of another one is, by their names.

    Args:
        place: where params.yaml asks for it, for the message.
        own: the network's dataset and its class names.
        other: the other dataset and its class names.

    Returns:
        int64 (classes,): of the class i of the other dataset its index among the network's.

    Raises:
        UserError: one has a class that the other has not.
    """
    (dataset, names), (domain, other_names) = own, other
    if set(names) != set(other_names) or len(names) != len(other_names):
        raise UserError(
            f"{place}: {domain} has other classes than {dataset}: {_listed(other_names)} against "
            f"{_listed(names)}; both need the same names, in any order (`class_names` of an array "
            "file, or the names of its folders, say what they are called)"
        )
    return np.array([names.index(name) for name in other_names], np.int64)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return escaped(f"[{', '.join(names[:SHOWN])}{more}]")
