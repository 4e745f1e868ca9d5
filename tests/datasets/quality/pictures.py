"""Photographs and copies of them, as people make copies."""

import functools
import io

import numpy as np
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_images

SIDE = 64


@functools.cache
def photographs() -> np.ndarray:
    """Return pieces of scikit-learn's two photographs, uint8 (n, SIDE, SIDE, 3), none alike."""
    pieces = [
        image[top : top + SIDE, left : left + SIDE]
        for image in load_sample_images().images
        for top in range(0, image.shape[0] - SIDE, SIDE)
        for left in range(0, image.shape[1] - SIDE, SIDE)
    ]
    detailed = [piece for piece in pieces if piece.std() > 25]
    return np.stack(detailed).astype(np.uint8)


def saved_again(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file))


def resized(image: np.ndarray) -> np.ndarray:
    small = Image.fromarray(image).resize((SIDE // 2, SIDE // 2), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def cropped(image: np.ndarray) -> np.ndarray:
    edge = 0.04 * SIDE
    whole = Image.fromarray(image)
    box = (edge, edge, SIDE - edge, SIDE - edge)
    return np.asarray(whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))


def cut_left(image: np.ndarray) -> np.ndarray:
    whole = Image.fromarray(image)
    return np.asarray(
        whole.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=(0.06 * SIDE, 0, SIDE, SIDE))
    )


def darker(image: np.ndarray) -> np.ndarray:
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(image)).enhance(0.6))


COPIES = (saved_again, resized, cropped, cut_left, darker)
