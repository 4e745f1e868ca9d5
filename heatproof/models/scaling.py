"""What a network is given for an image: the ways in which pixels are scaled before it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scaling:
    """A network reads (x - mean) / std of an image x in [0, 1], per channel; bgr: blue first."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False

    def as_layer(self, channels: int) -> tuple[list[float], list[float]]:
        """Return scale and offset, as a Rescaling layer takes them, of so many channels.

        Raises:
            ValueError: it is of another number of channels.
        """
        if len(self.mean) not in (1, channels):
            raise ValueError(f"it is of {len(self.mean)} channels, the images have {channels}")
        mean, std = (np.broadcast_to(values, channels) for values in (self.mean, self.std))
        return (1 / std).tolist(), (-mean / std).tolist()

    def applied(self, images: np.ndarray) -> np.ndarray:
        """Return what the network is given for images, float32 (n, height, width, channels).

        images: float32, in [0, 1], red first.

        Raises:
            ValueError: they have another number of channels.
        """
        scale, offset = np.array(self.as_layer(images.shape[-1]), np.float32)
        scaled = images * scale + offset
        return scaled[..., ::-1] if self.bgr else scaled


# By the names that Keras gives them where it has them (keras.applications.imagenet_utils).
SCALINGS: Mapping[str, Scaling] = {
    "none": Scaling((0.0,), (1.0,)),  # pixels in [0, 1]
    "255": Scaling((0.0,), (1 / 255,)),  # pixels in [0, 255]
    "tf": Scaling((0.5,), (0.5,)),  # pixels in [-1, 1]
    "torch": Scaling((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # ImageNet's mean and deviation
    "caffe": Scaling((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255,) * 3, bgr=True),
}
