"""Corrupted copies of images: noise, blur, brightness, contrast, JPEG, each at five severities.

After Hendrycks & Dietterich 2019 (https://arxiv.org/abs/1903.12261). Images of up to 40 pixels a
side get the parameters of CIFAR-10-C, as published for 32 pixels; larger ones those of ImageNet-C,
published for 224 pixels, of which lengths in pixels follow the side. All are those of the paper's
code (https://github.com/hendrycks/robustness). Results are rounded to 8 bits. There ImageMagick
blurs by motion; here the same weights lie on the nearest pixels of the line.

What is random is drawn for each image by itself, from the seed, the corruption, the severity and
the image's number: whatever stands beside it, its copy is the same.
"""

import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, cos, radians, sin
from typing import Any, Literal

import numpy as np

from heatproof.attribution.core.sizes import is_small

SEVERITIES = 5
LARGE_SIDE = 224  # of the images that ImageNet-C's lengths are for

# (image, parameter, lengths' factor, generator) -> image; float64 (height, width, channels) in
# [0, 1], where the result may go beyond.
Change = Callable[[np.ndarray, Any, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """What is done to an image, with one parameter for each severity.

    small: for images of up to 40 pixels a side; large: for larger ones.
    """

    label: str
    small: Sequence[Any]
    large: Sequence[Any]
    change: Change


def corrupted(
    images: np.ndarray, index: np.ndarray, name: str, severity: int, seed: int
) -> np.ndarray:
    """Return corrupted copies of images.

    Args:
        images: uint8 (n, height, width, 1 or 3).
        index: int64 (n,), each image's number, of which its noise is drawn.
        name: of `CORRUPTIONS`.
        severity: 1 to 5; 0 leaves the images as they are.
        seed: of all that is drawn.

    Returns:
        uint8 like `images`.

    Raises:
        ValueError: there is no such severity.
    """
    if not 0 <= severity <= SEVERITIES:
        raise ValueError(f"severity {severity}: expected 0 to {SEVERITIES}")
    if severity == 0:
        return images
    corruption, size = CORRUPTIONS[name], images.shape[1:3]
    small = is_small((size[0], size[1]))
    parameter = (corruption.small if small else corruption.large)[severity - 1]
    lengths = 1.0 if small else (size[0] * size[1]) ** 0.5 / LARGE_SIDE
    copies = np.empty_like(images)
    for place, number in enumerate(index):
        drawn = np.random.default_rng([seed, zlib.crc32(name.encode()), severity, int(number)])
        changed = corruption.change(images[place] / 255, parameter, lengths, drawn)
        copies[place] = np.rint(255 * np.clip(changed, 0, 1))
    return copies


def _gaussian_noise(
    image: np.ndarray, deviation: float, _lengths: float, random: np.random.Generator
) -> np.ndarray:
    return image + random.normal(scale=deviation, size=image.shape)


def _shot_noise(
    image: np.ndarray, photons: float, _lengths: float, random: np.random.Generator
) -> np.ndarray:
    """Count photons, of which white has so many on average (Poisson)."""
    return random.poisson(image * photons) / photons


def _impulse_noise(
    image: np.ndarray, share: float, _lengths: float, random: np.random.Generator
) -> np.ndarray:
    from skimage.util import random_noise

    return random_noise(image, mode="s&p", rng=random, amount=share)


def _defocus_blur(
    image: np.ndarray, parameter: tuple[float, float], lengths: float, _: np.random.Generator
) -> np.ndarray:
    """Spread each pixel over a disk, whose edge is smoothed."""
    from scipy.ndimage import gaussian_filter

    radius, smoothing = parameter
    reach = 1 if radius <= 8 else 2  # of the smoothing, in pixels
    radius = radius * lengths
    offsets = np.arange(-ceil(radius) - reach, ceil(radius) + reach + 1)
    disk = (offsets**2 + offsets[:, None] ** 2 <= radius**2).astype(np.float64)
    kernel = gaussian_filter(disk / disk.sum(), smoothing, mode="constant", radius=reach)
    return _convolved(image, kernel, "reflect")


def _motion_blur(
    image: np.ndarray, parameter: tuple[float, float], lengths: float, random: np.random.Generator
) -> np.ndarray:
    """Smear each pixel to one side, along a line at an angle between -45 and 45 degrees.

    Weights fall as a Gaussian does, and each place on the line is the nearest pixel.
    """
    radius, deviation = (part * lengths for part in parameter)
    angle = radians(random.uniform(-45, 45))
    steps = np.arange(round(2 * radius) + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    reach = len(steps) - 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    rows = reach + np.rint(steps * sin(angle)).astype(int)
    columns = reach + np.rint(steps * cos(angle)).astype(int)
    np.add.at(kernel, (rows, columns), weights / weights.sum())
    return _convolved(image, kernel, "edge")


def _convolved(
    image: np.ndarray, kernel: np.ndarray, beyond: Literal["reflect", "edge"]
) -> np.ndarray:
    """Convolve each channel with an odd, square kernel; `beyond`: `np.pad`'s mode at the edges."""
    from scipy.signal import fftconvolve

    reach = len(kernel) // 2
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode=beyond)
    return fftconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1))


def _brightness(
    image: np.ndarray, more: float, _lengths: float, _: np.random.Generator
) -> np.ndarray:
    """Raise the value of each pixel in HSV; a grey pixel is its own value."""
    if image.shape[-1] == 1:
        return image + more
    from skimage.color import hsv2rgb, rgb2hsv

    hsv = rgb2hsv(image)
    hsv[..., 2] = np.clip(hsv[..., 2] + more, 0, 1)
    return hsv2rgb(hsv)


def _contrast(
    image: np.ndarray, share: float, _lengths: float, _: np.random.Generator
) -> np.ndarray:
    """Keep a share of each value's distance to its channel's mean."""
    mean = image.mean(axis=(0, 1), keepdims=True)
    return mean + share * (image - mean)


def _jpeg(image: np.ndarray, quality: int, _lengths: float, _: np.random.Generator) -> np.ndarray:
    from PIL import Image

    pixels = np.rint(255 * image).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(
        file, "JPEG", quality=quality
    )
    return np.asarray(Image.open(file)).reshape(image.shape) / 255


# In the order of the paper. The parameters are those of CIFAR-10-C and of ImageNet-C: a standard
# deviation, photons of white, a share of the values; disk radius and smoothing, radius and standard
# deviation, in pixels; what is added to the value, what is left of the contrast, Pillow's quality.
CORRUPTIONS = {
    "gaussian_noise": Corruption(
        label="Gaussian noise",
        small=(0.04, 0.06, 0.08, 0.09, 0.10),
        large=(0.08, 0.12, 0.18, 0.26, 0.38),
        change=_gaussian_noise,
    ),
    "shot_noise": Corruption(
        label="Shot noise",
        small=(500, 250, 100, 75, 50),
        large=(60, 25, 12, 5, 3),
        change=_shot_noise,
    ),
    "impulse_noise": Corruption(
        label="Impulse noise",
        small=(0.01, 0.02, 0.03, 0.05, 0.07),
        large=(0.03, 0.06, 0.09, 0.17, 0.27),
        change=_impulse_noise,
    ),
    "defocus_blur": Corruption(
        label="Defocus blur",
        small=((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
        large=((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
        change=_defocus_blur,
    ),
    "motion_blur": Corruption(
        label="Motion blur",
        small=((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
        large=((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        change=_motion_blur,
    ),
    "brightness": Corruption(
        label="Brightness",
        small=(0.05, 0.1, 0.15, 0.2, 0.3),
        large=(0.1, 0.2, 0.3, 0.4, 0.5),
        change=_brightness,
    ),
    "contrast": Corruption(
        label="Contrast",
        small=(0.75, 0.5, 0.4, 0.3, 0.15),
        large=(0.4, 0.3, 0.2, 0.1, 0.05),
        change=_contrast,
    ),
    "jpeg": Corruption(
        label="JPEG",
        small=(80, 65, 58, 50, 40),
        large=(25, 18, 15, 10, 7),
        change=_jpeg,
    ),
}
