"""Memory that was asked for and is not there, whoever asked: Python, NumPy, TensorFlow or JAX."""

import errno
import math
import re
from collections.abc import Sequence
from typing import Any

# Of what another library raises; it may not be loaded, and need not be.
_CLASSES = ("ResourceExhaustedError",)
_WORDS = re.compile(
    "RESOURCE_EXHAUSTED|OOM when allocating|bad_alloc|[Cc]annot allocate memory"
    "|failed to map segment|start new thread"
)
_BYTES = re.compile(r"allocat\w+ ([\d.,]+ ?(?:[KMGTP]i?B|bytes))")
_TENSOR = re.compile(r"tensor with shape ?\[([\d,]+)\] and type (\w+)")
_SIZES = {"half": 2, "bfloat16": 2, "float": 4, "int32": 4, "double": 8, "int64": 8, "bool": 1,
          "uint8": 1, "int8": 1}  # fmt: skip

_NETWORK = "batch_size of its schedule, or the size of the network, under models"
_LOWER = {
    "train": _NETWORK,
    "derive": _NETWORK,
    "evaluate": _NETWORK,
    "explain": "the size of the network under models, or samples, masks, background under explain",
    "measure": "the size of the network under models, or images, samples, draws under assess",
    "fetch": "the number or the size of the images under datasets",
    "preprocess": "the number or the size of the images under datasets",
    "inspect": "the number or the size of the images under datasets",
}


def asked_for(error: BaseException) -> str | None:
    """Return how much memory an error says there was not, "" if it does not, None of another."""
    text = str(error)
    refused = (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or any(kind.__name__ in _CLASSES for kind in type(error).__mro__)
        or (isinstance(error, RuntimeError | ImportError) and _WORDS.search(text))
    )
    if not refused:
        return None
    if tensor := _TENSOR.search(text):
        places = math.prod(int(size) for size in tensor[1].split(","))
        return f"{places * _SIZES.get(tensor[2], 4) / 2**30:,.2f} GiB"
    amount = _BYTES.search(text)
    return amount[1] if amount else ""


def message(program: Sequence[Any], asked: str) -> str:
    """Say on one line which program lacked memory, how much it asked for, and what to do.

    Args:
        program: its command line, `sys.argv`: a file or a module, and arguments.
        asked: as `asked_for` has it.
    """
    place, *arguments = map(str, program)
    name = re.split(r"[/.\\]", place.removesuffix(".py"))[-1]
    lower = _LOWER.get(name.partition("_")[0])
    remedy = f"lower {lower} in params.yaml, or " if lower else ""
    amount = f": {asked} more were asked for" if asked else ""
    return (
        f"{' '.join([name, *arguments])}: out of memory{amount}; {remedy}end other programs, or "
        "raise the limit (`ulimit -v`), then run the same command again"
    )
