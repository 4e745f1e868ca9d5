"""A program as a network of one layer: how it takes images, and what its scores are."""

import math
from pathlib import Path
from typing import Any

import keras

from heatproof.models import black_box, memory
from heatproof.models.flattening import Flattened, two_logits
from heatproof.models.program import Program, kind_of, require_plain
from heatproof.run.errors import UserError

Shape = tuple[int, int, int]  # height, width, channels
AnyShape = tuple[int | None, int | None, int]  # None where any
_DTYPES = ("float16", "float32", "float64", "uint8")
_COLOURS = (1, 3)
_MOST_NUMBERS = 2**26  # in a batch of images: 445 of 224×224 in colour, one of 4700×4700

_KEPT = 0.2  # of all that is computed, at least: what is there at one time


def own_shape(path: Path, size: tuple[int, int] | None) -> AnyShape:
    """Return height and width, None where any, and channels of the images that a program takes.

    Raises:
        UserError: as `opened`.
    """
    shape, _ = _laid_out(path, _read(path), size)
    return shape


def opened(path: Path, images: Shape) -> Flattened:
    """Read a program, try it once, and make it a network of one layer.

    Args:
        path: a folder of a SavedModel, an ONNX file, or a folder with one and its weights.
        images: height, width and channels of the images.

    Raises:
        UserError: it is damaged, does things that are refused, or is no image classifier.
    """
    program = _read(path)
    (height, width, channels), first = _laid_out(path, program, images[:2])
    shape = (height or images[0], width or images[1], channels)
    module = black_box.module_of(program.kind)
    laid_out = (shape[2], *shape[:2]) if first else shape
    batch = program.shape[0] if program.shape else None
    if math.prod((batch or 1, *shape)) > _MOST_NUMBERS:
        raise UserError(
            f"{path}: it takes {batch or 1:,} images of {shape[0]:,}×{shape[1]:,} pixels at a "
            f"time; expected {_MOST_NUMBERS:,} numbers at most"
        )
    images_bytes = module.activation_bytes(program.content, (batch or 1, *laid_out))
    if (least := _KEPT * images_bytes) > (free := memory.free_bytes()):
        raise UserError(
            f"{path}: {batch or 'one'} at a time its images need {least / 2**30:,.1f} GiB, and "
            f"{free / 2**30:,.1f} GiB are free"
        )
    draft = black_box.Interface(
        kind=program.kind, bytes=len(program.content), shape=shape, channels_first=first,
        dtype=program.dtype, batch=batch, classes=0, probabilities=False,
        activation_bytes=images_bytes // (batch or 1),
        parameters=program.parameters,
    )  # fmt: skip
    try:
        run = module.runner(program.content)
    except UserError as reason:
        raise UserError(f"{path}: {reason}") from None
    interface = black_box.probed(run, draft, str(path))
    name = "".join(c if c.isalnum() else "_" for c in path.stem) or "network"
    notes = [
        f"it is {black_box.KINDS[program.kind]}: its layers cannot be seen, so that it is "
        "explained by methods that need nothing but its predictions",
        f"it takes images with their channels {'first' if first else 'last'} "
        f"({'NCHW' if first else 'NHWC'})",
    ]
    if interface.batch:
        notes.append(f"it takes {interface.batch} at a time" if interface.batch > 1 else
                     "it takes one image at a time")  # fmt: skip
    model = black_box.network(name, program.content, interface)
    return Flattened(_with_logits(path, program, model, interface, notes), notes)


def _with_logits(
    path: Path, program: Program, model: keras.Model, interface: black_box.Interface,
    notes: list[str],
) -> keras.Model:  # fmt: skip
    """Return a network with two logits at least, saying what was taken off its end."""
    if program.ends_in == "Sigmoid":
        if interface.classes != 1:
            raise UserError(
                f"{path}: it ends in a sigmoid, of {interface.classes} outputs; expected logits, a "
                "softmax over classes, or one sigmoid unit for two"
            )
        notes.append("its one sigmoid unit became two logits: 0, and what the sigmoid takes")
        return keras.Model(model.inputs[0], two_logits(model.outputs[0]), name=model.name)
    if interface.classes == 1:
        raise UserError(f"{path}: it gives one number; expected one score per class")
    if program.ends_in in ("Softmax", "LogSoftmax"):
        notes.append("the softmax at its end was taken off: explanations are of logits")
    elif interface.probabilities:
        notes.append(
            "it gives probabilities by something else than a softmax at its end: explanations are "
            "of their logarithms"
        )
    return model


def _read(path: Path) -> Program:
    kind = kind_of(path)
    assert kind is not None
    require_plain(path)
    program: Program = black_box.module_of(kind).read(path)
    if program.dtype not in _DTYPES:
        raise UserError(
            f"{path}: it takes {program.dtype} {_shown(program.shape)}; expected one batch of "
            "images of floats or of uint8, of height, width and 1 or 3 channels"
        )
    return program


def _laid_out(path: Path, program: Program, size: tuple[int, int] | None) -> tuple[AnyShape, bool]:
    """Tell height, width and channels, and whether the channels come first.

    What fits both ways is taken to be as usual: first in ONNX, last in a SavedModel.
    """
    shape = program.shape
    if shape is None or len(shape) != 4:
        raise UserError(
            f"{path}: it takes {program.dtype} {_shown(shape)}; expected one batch of images, "
            "(n, height, width, channels) or (n, channels, height, width)"
        )
    of_last = (shape[1], shape[2], shape[3]), False
    of_first = (shape[2], shape[3], shape[1]), True
    both = (of_first, of_last) if program.kind == "onnx" else (of_last, of_first)
    fitting = [
        ((height, width, channels), first)
        for (height, width, channels), first in both
        if channels in _COLOURS
    ]
    for candidate in fitting:
        if size is None or _fits(candidate[0][:2], size):
            return candidate
    if fitting:
        return fitting[0]
    raise UserError(
        f"{path}: it takes images {_shown(shape)}; expected 1 or 3 channels, first or last"
    )


def _fits(own: tuple[int | None, int | None], size: tuple[int, int]) -> bool:
    return all(a in (None, b) for a, b in zip(own, size, strict=True))


def _shown(shape: tuple[Any, ...] | None) -> str:
    if shape is None:
        return "of any shape"
    sides = ["any" if side is None else str(side) for side in shape]
    return f"({', '.join(sides)})"
