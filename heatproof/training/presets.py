"""Presets of augmentation: what suits a kind of picture, in numbers for its size."""

from dataclasses import dataclass

from heatproof.datasets.options import Augmentation


@dataclass(frozen=True)
class _Preset:
    """shift, cutout: shares of the image's shorter side. The rest as `Augmentation` has it."""

    shift: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    cutout: float = 0.0


PRESETS = {
    # A mirrored digit is none; nor is a heart that beats on the right.
    "digits": _Preset(shift=1 / 14),
    # Shifts and mirror images are He et al.'s 2015 for cifar10 (https://arxiv.org/abs/1512.03385),
    # the square's side is DeVries & Taylor's 2017 for cifar100 (https://arxiv.org/abs/1708.04552).
    "objects": _Preset(shift=1 / 8, flip=True, brightness=0.1, contrast=0.1, cutout=1 / 4),
    "none": _Preset(),
}


def mirrors(augmentation: Augmentation) -> bool:
    """Return whether an augmentation mirrors images: its own word, or else its preset's."""
    own = augmentation.flip
    return bool(PRESETS[augmentation.preset].flip if own is None else own)


def filled_in(augmentation: Augmentation, height: int, width: int) -> Augmentation:
    """Return an augmentation with every option given: its own, or else its preset's.

    Args:
        augmentation: as params.yaml has it.
        height: of the images, in pixels, which shifts and squares follow.
        width: likewise.
    """
    preset, side = PRESETS[augmentation.preset], min(height, width)
    numbers = {
        "shift_pixels": round(preset.shift * side),
        "flip": preset.flip,
        "brightness": preset.brightness,
        "contrast": preset.contrast,
        "cutout_pixels": round(preset.cutout * side),
        "mixup_alpha": 0.0,
    }
    return augmentation.model_copy(
        update={k: v for k, v in numbers.items() if getattr(augmentation, k) is None}
    )
