"""A drawn or photographed digit, placed and lit as training images of that kind are.

For grey training images with a plain ground, such as digits, of which each was cut out and centred
when the dataset was made (LeCun et al. 1998 put digits of 20 pixels by their centre of mass in the
middle of 28). A sheet of paper has its ink elsewhere, is never quite white, and is darker at one
side. So its ground is estimated (a plane through its border), what stands out from it is the ink,
and that is brought to the size, the place and the brightness that are usual.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

from heatproof.datasets.decoding import as_pixels
from heatproof.datasets.photos import Placement, View, border, levelled
from heatproof.storage.images import Images

WORKING_SIDE = 560  # pixels in which a photo's ink is looked for
FAINTEST = 0.12  # contrast of ink that can be told from paper, of 1
SMALLEST = 0.1  # percent of the photo that is ink at least
SPECK = 0.03  # share of the largest piece of ink below which a piece is dirt
WIDEST = 0.3  # share of a photo's border that ink may touch: above it, that is no plain ground
CENTRED = 0.1  # of the image's side: greatest usual distance of subjects from the middle
NOISE = 3.0  # standard deviations of paper's grain that are no ink
CORE = 90  # percentile of the ink's strength that is full strength


@dataclass(frozen=True)
class Ink:
    """What stands out from a photo's ground.

    strength: float (rows, columns), 0 on the ground to 1. mask: bool, where it is ink. bright:
    whether it is brighter than the ground.
    """

    strength: np.ndarray
    mask: np.ndarray
    bright: bool


def usual_placement(images: Images, ground: str) -> Placement | None:
    """Return where training images have their subject; None where that differs too much.

    Args:
        images: uint8 (n, height, width, 1), each on a plain ground.
        ground: "dark" or "light".
    """
    sides, boxes, masses = [], [], []
    for image in images:
        pixels = image[..., 0] if ground == "dark" else 255 - image[..., 0]
        mask = pixels > threshold_otsu(pixels)
        if not mask.any():
            continue
        top, left, bottom, right = _box(mask)
        sides.append(max((bottom - top) / len(mask), (right - left) / mask.shape[1]))
        boxes.append(_off_middle(((top + bottom) / 2, (left + right) / 2), mask.shape))
        masses.append(_off_middle(np.add(ndimage.center_of_mass(pixels), 0.5), mask.shape))
    if not sides:
        return None
    by_box, by_mass = (float(np.median(offsets)) for offsets in (boxes, masses))
    if min(by_box, by_mass) > CENTRED:
        return None
    return Placement(float(np.median(sides)), by_mass < by_box, ground == "dark")


def view(picture: Image.Image, shape: tuple[int, int, int], placement: Placement) -> View | None:
    """Return a photo's ink as the network knows it; None where the photo is to be taken as it is.

    That is where its subject is as usual already, or none can be told from the ground.
    """
    ink = find(picture)
    return None if ink is None or is_usual(ink, shape, placement) else placed(ink, shape, placement)


def find(image: Image.Image) -> Ink | None:
    """Find what stands out from a photo's ground; None where nothing does, or the ground is uneven.

    Args:
        image: decoded, of any size. It is looked at reduced to 560 pixels a side.
    """
    scale = min(1.0, WORKING_SIDE / max(image.size))
    width, height = (max(1, round(scale * side)) for side in image.size)
    # Ink on a transparent ground lies on paper.
    grey = as_pixels(image, height, width, "gray", 255)[..., 0].astype(float) / 255
    apart = grey - _plane(grey)
    low, high = np.percentile(apart, [SMALLEST, 100 - SMALLEST])
    bright = high > -low
    apart = apart if bright else -apart
    if max(high, -low) < FAINTEST:
        return None
    mask = _without_specks(apart > threshold_otsu(apart))
    if not mask.any() or border(mask[..., None]).mean() > WIDEST:
        return None
    grain = 1.4826 * np.median(np.abs(apart[~mask] - np.median(apart[~mask])))
    floor = NOISE * grain
    full = max(float(np.percentile(apart[mask], CORE)), floor + 1 / 255)
    near = ndimage.binary_dilation(mask, iterations=2)  # the soft edge of a stroke, and no dirt
    strength = np.where(near, np.clip((apart - floor) / (full - floor), 0, 1), 0)
    return Ink(strength, mask, bool(bright))


def is_usual(ink: Ink, shape: tuple[int, int, int], placement: Placement) -> bool:
    """Say whether a photo has its subject as training images have: nothing needs to be done."""
    if ink.mask.shape != shape[:2] or ink.bright != placement.bright:
        return False
    side, centre = _size_and_centre(ink, placement.by_mass)
    return (
        abs(side / max(shape[:2]) - placement.side) <= CENTRED
        and _off_middle(centre, ink.mask.shape) <= CENTRED
    )


def placed(ink: Ink, shape: tuple[int, int, int], placement: Placement) -> View:
    """Return the ink as the network knows it: its size, its place, its brightness.

    Args:
        ink: of a photo.
        shape: of the network's images: height, width, 1.
        placement: where training images have their subject.
    """
    rows, columns = ink.strength.shape
    side, (middle_row, middle_column) = _size_and_centre(ink, placement.by_mass)
    height = side / placement.side
    width = height * shape[1] / shape[0]
    top, left = middle_row - height / 2, middle_column - width / 2
    drawn = Image.fromarray(ink.strength.astype(np.float32)).transform(
        (max(1, round(width)), max(1, round(height))),
        Image.Transform.EXTENT,
        (left, top, left + width, top + height),
        Image.Resampling.BILINEAR,
        fillcolor=0,
    )
    reduced = drawn.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    pixels = np.rint(255 * np.clip(np.asarray(reduced), 0, 1)).astype(np.uint8)[..., None]
    pixels = levelled(pixels)
    right, bottom = min(1.0, (left + width) / columns), min(1.0, (top + height) / rows)
    return View(
        pixels if placement.bright else 255 - pixels,
        (max(0.0, left / columns), max(0.0, top / rows), right, bottom),
        _handling(ink, shape, placement),
        inverted=ink.bright != placement.bright,
    )


def _handling(ink: Ink, shape: tuple[int, int, int], placement: Placement) -> str:
    done = [
        "Its subject was found by its brightness, cut out, brought to "
        f"{100 * placement.side:.0f} % of {shape[1]}×{shape[0]} pixels"
        f" and put in the middle by {'its centre of mass' if placement.by_mass else 'its box'}"
    ]
    if ink.bright != placement.bright:
        done.append("brightness was inverted")
    done.append(f"its ground was made {'black' if placement.bright else 'white'}")
    return f"{', '.join(done[:-1])} and {done[-1]}, as training images are (--as-is: none of this)."


def _size_and_centre(ink: Ink, by_mass: bool) -> tuple[float, tuple[float, float]]:
    top, left, bottom, right = _box(ink.mask)
    side = float(max(bottom - top, right - left))
    if not by_mass:
        return side, ((top + bottom) / 2, (left + right) / 2)
    row, column = ndimage.center_of_mass(ink.strength)
    return side, (row + 0.5, column + 0.5)


def _plane(grey: np.ndarray) -> np.ndarray:
    """A plane through an image's border, float (rows, columns): paper lit from one side."""
    rows, columns = np.indices(grey.shape).astype(float)
    everywhere = np.stack([np.ones_like(grey), rows / len(grey), columns / grey.shape[1]], axis=-1)
    where, levels = border(everywhere), border(grey[..., None])[:, 0]
    # Fitted again without what is far off: ink that touches the border.
    kept = np.ones(len(levels), bool)
    for _ in range(2):
        factors = np.linalg.lstsq(where[kept], levels[kept], rcond=None)[0]
        kept = np.abs(levels - where @ factors) <= FAINTEST
        if kept.mean() < 0.5:
            return np.full_like(grey, np.median(levels))
    return everywhere @ factors


def _without_specks(mask: np.ndarray) -> np.ndarray:
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
    return np.isin(pieces, 1 + np.flatnonzero(sizes >= SPECK * sizes.max())) if count else mask


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, bottom, right of what is true."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _off_middle(centre: "tuple[float, float] | np.ndarray", shape: tuple[int, ...]) -> float:
    """A point's distance from an image's middle, in shares of its sides."""
    return max(abs(centre[0] / shape[0] - 0.5), abs(centre[1] / shape[1] - 0.5))
