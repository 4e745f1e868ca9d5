"""Backbones: published networks without their classifiers, and their ImageNet weights.

Those of keras.applications, under Keras' names, and EfficientNet-Lite0. Each takes RGB images
normalised as its weights were trained, and gives feature maps. (params.yaml asks which there are;
so Keras is imported within the functions.)

ImageNet weights are Keras' own download, which checks what it downloads where Keras knows a
checksum. Without internet WEIGHTS_MIRROR names a folder that has the same files.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.models import lite0_weights
from heatproof.models.scaling import SCALINGS, Scaling
from heatproof.run.errors import UserError
from heatproof.storage.folders import named_by

if TYPE_CHECKING:
    import keras

MIRROR = lite0_weights.MIRROR
SMALLEST = 32  # pixels a side that every one of them takes
LITE = "EfficientNetLite0"
# Keras' 0.99 and 0.999 are for ImageNet's hundreds of thousands of steps; see models/layers.py.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Backbone:
    """A published network.

    file: of its ImageNet weights, as Keras names it. scaling: what its weights were trained with.
    options: what else its function in keras.applications is given.
    """

    file: str
    scaling: Scaling
    options: dict[str, Any] = field(default_factory=dict)


_UNPREPARED = {"include_preprocessing": False}


def _of_keras(names: Sequence[str], scaling: str) -> dict[str, Backbone]:
    file = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return {name: Backbone(file.format(name.lower()), SCALINGS[scaling]) for name in names}


BACKBONES: dict[str, Backbone] = {
    **_of_keras(("VGG16", "VGG19", "ResNet50", "ResNet101"), "caffe"),
    **_of_keras(("ResNet50V2",), "tf"),
    **_of_keras(("DenseNet121", "DenseNet169"), "torch"),
    "MobileNet": Backbone("mobilenet_1_0_224_tf_no_top.h5", SCALINGS["tf"]),
    "MobileNetV2": Backbone(
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", SCALINGS["tf"]
    ),
    **{
        f"MobileNetV3{size}": Backbone(
            f"weights_mobilenet_v3_{size.lower()}_224_1.0_float_no_top_v2.h5",
            SCALINGS["tf"],
            _UNPREPARED,
        )
        for size in ("Small", "Large")
    },
    **{
        f"EfficientNetV2B{number}": Backbone(
            f"efficientnetv2-b{number}_notop.h5", SCALINGS["torch"], _UNPREPARED
        )
        for number in range(4)
    },
    **{
        f"ConvNeXt{size}": Backbone(
            f"convnext_{size.lower()}_notop.h5", SCALINGS["torch"], _UNPREPARED
        )
        for size in ("Tiny", "Small")
    },
    LITE: Backbone(lite0_weights.FILE, Scaling((127 / 255,), (128 / 255,))),
}


def build(name: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build a backbone with fresh weights.

    Args:
        name: one of BACKBONES.
        input_shape: height and width, each at least SMALLEST, and 3.

    Returns:
        a functional model, normalised images -> feature maps (n, rows, columns, channels).
    """
    import keras

    from heatproof.models import efficientnet_lite0

    if name == LITE:
        model = efficientnet_lite0.backbone(input_shape)
    else:
        model = getattr(keras.applications, name)(
            include_top=False, weights=None, input_shape=input_shape, **BACKBONES[name].options
        )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    return model


def load(name: str, network: keras.Model, weights: str, sha256: str | None = None) -> None:
    """Give a flat network that has a backbone's layers that backbone's weights.

    Args:
        name: one of BACKBONES.
        network: whose layers of the backbone's names are filled; the others stay as they are.
        weights: `imagenet`, or a file of the study's folder, as Keras stores a backbone's weights.
        sha256: which the file must have.

    Raises:
        UserError: the file is missing or of another network, or could not be downloaded.
    """
    from heatproof.models import efficientnet_lite0
    from heatproof.models.flattening import flat_copy, take_red_first

    source = build(name, (224, 224, 3))
    if weights != "imagenet":
        _require_checksum(Path(weights), sha256)
        _load_file(name, source, Path(weights))
    elif name == LITE:
        efficientnet_lite0.load_imagenet(source)
    else:
        folder = named_by(MIRROR)
        if folder and not (folder / BACKBONES[name].file).is_file():
            raise UserError(
                f"{MIRROR}={folder}: it has no {BACKBONES[name].file}, the ImageNet weights of "
                f"{name}; put the file there, or unset {MIRROR} to have it downloaded"
            )
        file = folder / BACKBONES[name].file if folder else _downloaded(name)
        again = "" if folder else "; delete it to have it downloaded again"
        _load_file(name, source, file, again)
    source = flat_copy(source)
    if BACKBONES[name].scaling.bgr:
        take_red_first(source)
    for layer in source.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())


def _load_file(name: str, model: keras.Model, path: Path, remedy: str = "") -> None:
    import h5py

    from heatproof.models.model_file import require_numbers

    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected the weights of {name}")
    if path.suffix != ".h5":
        raise UserError(f"{path}: expected weights as Keras stores them, .h5 or .weights.h5")
    try:
        with h5py.File(path) as file:
            require_numbers(path, file)
        model.load_weights(path)
    # What is no HDF5 file, or of another network, ends in one of these.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as reason:
        first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)
        raise UserError(
            f"{path}: not the weights of {name} without its classifier ({first}){remedy}"
        ) from None


def _downloaded(name: str) -> Path:
    """Return the file that Keras keeps in the user's ~/.keras, downloaded if it is not there.

    By a program of its own: in this one Keras has no folder (`runtime.choose_kernels`). A download
    that breaks off, or whose checksum Keras finds wrong, stays there, so that it is made elsewhere
    and moved when it is whole.
    """
    home = Path.home() / ".keras"
    path = home / "models" / BACKBONES[name].file
    if path.is_file():
        return path
    options = {"include_top": False, "input_shape": (224, 224, 3)} | BACKBONES[name].options
    program = (
        "import keras; keras.config.set_image_data_format('channels_last'); "
        f"keras.applications.{name}(weights='imagenet', **{options!r})"
    )
    print(f"{name}: downloading its ImageNet weights to {path}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="download-") as place:
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"KERAS_HOME": place},
            capture_output=True,
            text=True,
            check=False,
        )
        downloaded = Path(place) / "models" / path.name
        if run.returncode == 0 and downloaded.is_file():
            downloaded.replace(path)
    if not path.is_file():
        no_message = f"no error message, exit status {run.returncode}"
        reason = ([*run.stderr.strip().splitlines()] or [no_message])[-1]
        raise UserError(
            f"{name}: Keras could not download its ImageNet weights to {path} ({reason}); without "
            f"internet, name by {MIRROR} a folder that has this file"
        )
    return path


def _require_checksum(path: Path, sha256: str | None) -> None:
    """Refuse a file other than the one that params.yaml means.

    Raises:
        UserError: there is no such file, or its checksum is another; the message has it.
    """
    if not path.is_file():
        raise UserError(
            f"params.yaml: network.weights = {path}: there is no such file in the study's folder; "
            "expected a backbone's weights as Keras stores them, `imagenet`, or `none`"
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise UserError(
            f"{path}: its SHA-256 is {found}, network.sha256 is {sha256}; if it is the file that "
            "you mean, write that into params.yaml, so that another one means training again"
        )
