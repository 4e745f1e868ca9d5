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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import keras

MIRROR = "WEIGHTS_MIRROR"
SMALLEST = 32  # pixels a side that every one of them takes
LITE = "EfficientNetLite0"
# Keras' 0.99 and 0.999 are for ImageNet's hundreds of thousands of steps; see models/layers.py.
_MOMENTUM = 0.9


@dataclass(frozen=True)
class Backbone:
    """A published network.

    file: of its ImageNet weights, as Keras names it. mean, std: per channel, of RGB in [0, 1], what
    its weights were trained with. bgr: whether they take blue first. options: what else its
    function in keras.applications is given.
    """

    file: str
    mean: Sequence[float]
    std: Sequence[float]
    bgr: bool = False
    options: dict[str, Any] = field(default_factory=dict)


_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_CAFFE = ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255))
_UNPREPARED = {"include_preprocessing": False}


def _with(kernels: str, names: Sequence[str], preparation: Any, **more: Any) -> dict[str, Backbone]:
    return {name: Backbone(kernels.format(name.lower()), *preparation, **more) for name in names}


BACKBONES: dict[str, Backbone] = {
    **_with(
        "{}_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ("VGG16", "VGG19", "ResNet50", "ResNet101"), _CAFFE, bgr=True,
    ),
    **_with("{}_weights_tf_dim_ordering_tf_kernels_notop.h5", ("ResNet50V2",), _HALF),
    **_with(
        "{}_weights_tf_dim_ordering_tf_kernels_notop.h5", ("DenseNet121", "DenseNet169"), _IMAGENET
    ),
    "MobileNet": Backbone("mobilenet_1_0_224_tf_no_top.h5", *_HALF),
    "MobileNetV2": Backbone(
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", *_HALF
    ),
    "MobileNetV3Small": Backbone(
        "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5", *_HALF, options=_UNPREPARED
    ),
    "MobileNetV3Large": Backbone(
        "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5", *_HALF, options=_UNPREPARED
    ),
    **{
        f"EfficientNetV2B{n}": Backbone(
            f"efficientnetv2-b{n}_notop.h5", *_IMAGENET, options=_UNPREPARED
        )
        for n in range(4)
    },
    "ConvNeXtTiny": Backbone("convnext_tiny_notop.h5", *_IMAGENET, options=_UNPREPARED),
    "ConvNeXtSmall": Backbone("convnext_small_notop.h5", *_IMAGENET, options=_UNPREPARED),
    LITE: Backbone(
        "efficientnet-lite0-57934424.pth", (127 / 255,) * 3, (128 / 255,) * 3
    ),
}  # fmt: skip


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
    from heatproof.models.flattening import flat_copy

    source = build(name, (224, 224, 3))
    if weights != "imagenet":
        _require_checksum(Path(weights), sha256)
        _load_file(name, source, Path(weights))
    elif name == LITE:
        efficientnet_lite0.load_imagenet(source, mirror())
    elif (folder := mirror()) is not None:
        _load_file(name, source, folder / BACKBONES[name].file)
    else:
        source = _downloaded(name)
    for number, layer in enumerate(each for each in flat_copy(source).layers if each.weights):
        values = layer.get_weights()
        if number == 0 and BACKBONES[name].bgr:
            values[0] = values[0][:, :, ::-1]  # the first convolution: it is given red first
        network.get_layer(layer.name).set_weights(values)


def mirror() -> Path | None:
    """Return the folder that WEIGHTS_MIRROR names, or None where it is not set.

    Raises:
        UserError: it names no folder.
    """
    named = os.environ.get(MIRROR)
    if not named:
        return None
    if not Path(named).is_dir():
        raise UserError(f"{MIRROR}={named}: there is no such folder; correct or unset it")
    return Path(named)


def _load_file(name: str, model: keras.Model, path: Path) -> None:
    if not path.is_file():
        raise UserError(f"{path}: there is no such file; expected the weights of {name}")
    if path.suffix != ".h5":
        raise UserError(f"{path}: expected weights as Keras stores them, .h5 or .weights.h5")
    try:
        model.load_weights(path)
    # What is no HDF5 file, or of another network, ends in one of these.
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as reason:
        first = next(iter(str(reason).strip().splitlines()), type(reason).__name__)
        raise UserError(
            f"{path}: not the weights of {name} without its classifier ({first})"
        ) from None


def _downloaded(name: str) -> keras.Model:
    import keras

    function = getattr(keras.applications, name)
    try:
        return function(include_top=False, input_shape=(224, 224, 3), **BACKBONES[name].options)
    except Exception as reason:  # Keras raises no narrower one when it cannot download
        if not isinstance(reason, OSError) and "URL fetch failure" not in str(reason):
            raise
        raise UserError(
            f"{name}: its ImageNet weights could not be downloaded ({reason}); without internet, "
            f"name by {MIRROR} a folder that has {BACKBONES[name].file}"
        ) from None


def _require_checksum(path: Path, sha256: str | None) -> None:
    """Refuse a file other than the one that params.yaml means.

    Raises:
        UserError: there is no such file, or its checksum is another; the message has it.
    """
    if not path.is_file():
        raise UserError(f"params.yaml: network.weights = {path}: there is no such file")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise UserError(
            f"{path}: its SHA-256 is {found}, network.sha256 is {sha256}; if it is the file that "
            "you mean, write that into params.yaml, so that another one means training again"
        )
