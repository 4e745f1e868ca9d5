"""What the playground's stage leaves of a cell, made by hand: a network whose answers are known.

Its image of 16×16 pixels goes through a convolution that hands it on and a ReLU; the first class's
logit is 12 times the mean of the image's two middle columns, the second's that of its two middle
rows, and those of all others are 0.
"""

import base64
from typing import Any

import numpy as np

from heatproof.storage import playground_files

SIDE = 16
GAIN = 12.0
WHY_NOT = "its images have <b>224</b>×224 pixels; the page's have at most 64×64"


def record(name: str, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return a network with these classes, at least two, as `playground.export.record` does."""
    kernel = np.zeros((9, 2), np.float32)
    kernel[4] = 1  # both channels are the image
    kernel[4, 1] = 0.5
    dense = np.zeros((SIDE, SIDE, 2, len(classes)), np.float32)
    middle = slice(SIDE // 2 - 1, SIDE // 2 + 1)
    dense[:, middle, 0, 0] = dense[middle, :, 0, 1] = GAIN / (2 * SIDE)
    biases = np.zeros(2, np.float32), np.zeros(len(classes), np.float32)
    arrays = (kernel, biases[0], dense, biases[1])
    window = {"stride": [1, 1], "dilation": [1, 1]}
    image, maps = [SIDE, SIDE, 1], [SIDE, SIDE, 2]
    axis = {"start": 0.0, "jump": 1.0}
    grid = {"before": 0, "rows": SIDE, "columns": SIDE}
    values = SIDE * SIDE * 2
    return {
        "name": name,
        "input": image,
        "classes": list(classes),
        "graph": [
            _step("image", "InputLayer", "same", [], image),
            _step("conv", "Conv2D", "convolve", [0], maps, weights=0, bias=1, read=image, give=maps,
                  window=[3, 3], pad=[1, 1], **window),
            _step("conv_relu", "Activation", "activate", [1], maps, maps=True, activation="relu"),
            _step("logits", "Dense", "convolve", [2], [len(classes)], weights=2, bias=3,
                  read=[1, 1, values], give=[1, 1, len(classes)], window=[1, 1], pad=[0, 0],
                  **window),
        ],
        "methods": [
            _method("saliency", "Saliency", False, "magma", {}),
            _method("gradient_times_input", "Gradient × input", True, "magma", {}),
            _method("gradcam", "Grad-CAM", False, "viridis",
                    {"layer": "conv_relu", "grid": grid, "axes": [axis, axis]},
                    layer="conv_relu", columns=grid["columns"]),
        ],
        "precision": {"stored": "float32", "bytes": sum(each.nbytes for each in arrays),
                      "images": 100, "logits": 0.0, "gradcam": 0.0, "same_predictions": 100},
        "arrays": [{"type": "float32", "length": each.size} for each in arrays],
        "weights": base64.b64encode(b"".join(a.astype("<f4").tobytes() for a in arrays)).decode(),
    }  # fmt: skip


def logits(image: np.ndarray, classes: int) -> np.ndarray:
    """Work out the logits of an image, float (16, 16, 1) in [0, 1]."""
    middle = slice(SIDE // 2 - 1, SIDE // 2 + 1)
    answer = np.zeros(classes)
    answer[0], answer[1] = GAIN * image[:, middle].mean(), GAIN * image[middle].mean()
    return answer


def write(cell: str, classes: tuple[str, ...]) -> None:
    """Write the network of a cell with these classes."""
    playground_files.write(cell, record(cell, classes))


def refuse(cell: str) -> None:
    """Write why there is none, with letters that must be escaped."""
    playground_files.write(cell, {playground_files.REFUSED: WHY_NOT})


def _step(
    name: str, kind: str, operation: str, inputs: list[int], shape: list[int], **facts: Any
) -> dict[str, Any]:
    known = {"name": name, "kind": kind, "operation": operation, "inputs": inputs, "shape": shape}
    return known | {"maps": False} | facts


def _method(
    name: str, label: str, signed: bool, colours: str, options: dict[str, Any], **facts: Any
) -> dict[str, Any]:
    known = {"name": name, "label": label, "signed": signed, "colours": colours, "slow": False}
    return known | {"options": options} | facts
