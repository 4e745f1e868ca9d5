"""A network of one's own at hand: every method, for any Keras classifier.

import heatproof

opened = heatproof.open_model(model, ["ants", "bees"], training_images)
maps = {name: opened.explain(name, images, targets) for name in ("gradcam", "saliency")}
heatproof.show(images, **maps)
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.method import Attribution, Context, Explainer, UnsupportedNetwork
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.run import runtime
from heatproof.run.errors import UserError, nearest, require_known, shown_value
from heatproof.statistics.softmax import softmax

if TYPE_CHECKING:
    import keras

    from heatproof.attribution.core.network import Network

SHOWN_CLASSES = 30
# TensorFlow's, where the user imported it before anything here could set its log level.
_without_remarks = runtime.suppress_native_stderr(only_remarks=True)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class OpenModel:
    """A network at hand with every method that draws maps.

    network: what methods take. class_names: in the order of the logits. families: stage family ->
    name -> method, its options set. notes: what was done to the network, in words. Images are
    float32 (n, height, width, channels) in [0, 1] everywhere, targets int64 (n,), class indices.
    """

    network: "Network"
    class_names: tuple[str, ...]
    families: dict[str, dict[str, Explainer]]
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> dict[str, Explainer]:
        """Name -> method, of all families."""
        return {name: m for family in self.families.values() for name, m in family.items()}

    def named(self, names: Sequence[str]) -> list[str]:
        """Return the methods that `names` stand for: methods, or families, which are all of theirs.

        Raises:
            UserError: there is no such method; the message has the nearest and all there are.
        """
        chosen: dict[str, None] = {}
        for name in names:
            if name not in self.methods and name not in self.families:
                if name in registry.methods() and not registry.methods()[name].suits(self.network):
                    raise UserError(
                        f"'{name}' is for networks with attention between tokens, and this one has "
                        f"none; methods: {', '.join(self.methods)}"
                    )
                known = [*self.methods, *self.families]
                raise UserError(
                    f"there is no method '{name}'{nearest(name, known)}; methods: "
                    f"{', '.join(self.methods)}; or all of a family: {', '.join(self.families)}"
                )
            chosen |= dict.fromkeys([name] if name in self.methods else self.families[name])
        return list(chosen)

    def class_index(self, wanted: str | int) -> int:
        """Return the index of a class given by its name, or by its index.

        Raises:
            UserError: there is no such class.
        """
        names = [str(name) for name in self.class_names]
        folded = [name.casefold() for name in names]
        for known, text in ((names, str(wanted)), (folded, str(wanted).casefold())):
            if not isinstance(wanted, int) and known.count(text) == 1:
                return known.index(text)
        if str(wanted).isdecimal() and int(wanted) < len(names):
            return int(wanted)
        listed = ", ".join(names[:SHOWN_CLASSES]) + (" …" if len(names) > SHOWN_CLASSES else "")
        raise UserError(
            f"there is no class '{wanted}'{nearest(wanted, names)}; known: {listed}; or an index "
            f"from 0 to {len(names) - 1}"
        )

    @_without_remarks
    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float64 (n, classes): the softmax of the logits."""
        return softmax(self.network.logits(_in_0_1(images)))

    @_without_remarks
    def explain(
        self, method: str, images: np.ndarray, targets: Sequence[str | int] | np.ndarray
    ) -> Attribution:
        """Return a method's maps of the images for the targets: `.maps`, (n, height, width).

        Args:
            method: its name.
            images: uint8, or float in [0, 1], (n, height, width, channels).
            targets: of each image the class that is explained, by index or by name.

        Raises:
            UserError: there is no such method, or the images or targets are not such.
            UnsupportedNetwork: the method does not support this network.
        """
        if method not in self.methods:
            members = self.named([method])  # raises where there is no such name at all
            raise UserError(f"'{method}' is a family of methods: {', '.join(members)}")
        images = _in_0_1(images)
        return self.methods[method](self.network, images, self._targets(targets, len(images)))

    def _targets(self, targets: Sequence[str | int] | np.ndarray, count: int) -> np.ndarray:
        """Return one class index per image, int64 (count,), of indices or names of classes."""
        given = np.asarray(targets)
        if given.shape == (count,) and given.dtype.kind in "US":
            return np.array([self.class_index(str(name)) for name in given], np.int64)
        known = given.shape == (count,) and given.dtype.kind in "iu"
        if not known or (count and not (given.min() >= 0 and given.max() < self.network.classes)):
            raise UserError(
                f"targets = {shown_value(targets)}: expected one class for each of the {count} "
                f"images, by name or by index from 0 to {self.network.classes - 1}"
            )
        return given.astype(np.int64)

    def explain_all(
        self, names: Sequence[str], images: np.ndarray, targets: np.ndarray
    ) -> Iterator[tuple[str, Attribution | UnsupportedNetwork]]:
        """Yield each method of `names` (methods or families) with its maps, or why it has none.

        Raises:
            UserError: there is no such method.
        """
        for name in self.named(names):
            try:
                yield name, self.explain(name, images, targets)
            except UnsupportedNetwork as reason:
                yield name, reason


@_without_remarks
def open_model(
    model: "keras.Model | str | Path",
    class_names: Sequence[str] | None,
    images: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    scaling: str = "none",
    seed: int = 0,
) -> OpenModel:
    """Make a trained classifier ready for every method.

    What is explained is a copy: one flat graph that ends in logits (`models.flattening`). Methods
    have their default options.

    Args:
        model: a functional or sequential Keras model, or a file of one (.keras, .h5), of which only
            Keras' own layers are taken; or a SavedModel's folder or an ONNX file, which methods
            explain that need nothing but predictions.
        class_names: in the order of its outputs; None for "0", "1", ...
        images: training images, a few hundred serve, in random order: uint8, or floats in [0, 1],
            (n, height, width, channels) or, grey, (n, height, width). Methods take their mean
            colours and backgrounds from them.
        labels: their classes, int (n,): with them it is checked how many of them the network gets
            right, and whether it would be more by another scaling.
        scaling: what the network is given for pixels in [0, 1]: "none" these; "255" pixels in
            [0, 255]; "tf" in [-1, 1]; "torch" by ImageNet's mean and deviation; "caffe" blue first,
            less ImageNet's mean, in [0, 255]. "none" too where the network scales by layers of its
            own from [0, 1].
        seed: of all that is drawn.

    Raises:
        UserError: the network is no image classifier that can be taken apart, or the images, names
            or labels are not its.
    """
    runtime.require_tensorflow("explaining")
    if "tensorflow" not in sys.modules:
        runtime.choose_kernels()
        runtime.load_keras()
    from heatproof.attribution.core.network import Network
    from heatproof.models import existing
    from heatproof.models.flattening import flattened
    from heatproof.models.scaling import SCALINGS

    require_known(f"scaling = {scaling!r}: unknown", scaling, SCALINGS)
    given = np.asarray(images)
    shape = given.shape[1:] if given.ndim == 4 else (*given.shape[1:], 1)
    if isinstance(model, str | Path):
        bare = existing.read(Path(model), shape)
    else:
        bare = flattened(model, shape)
    flat = existing.scaled(bare, SCALINGS[scaling])
    pixels = pixels_of(images, flat.model.input_shape[1:])
    classes = flat.model.output_shape[-1]
    names = tuple(map(str, range(classes) if class_names is None else class_names))
    if len(names) != classes:
        raise UserError(
            f"class_names: {len(names)} of them, and the network gives {classes} scores; give as "
            "many, in the order of its outputs"
        )
    if len(set(names)) < classes:
        raise UserError(f"class_names = {shown_value(names)}: two classes have one name")
    if labels is not None:
        flat.notes.append(_checked(bare.model, pixels, np.asarray(labels), scaling))
    context, network = Context(pixels, seed), Network(flat.model)
    families = {
        family: registry.with_options(
            {
                n: each.options()
                for n, each in registry.of_stage(family).items()
                if each.suits(network)
            },
            context,
        )
        for family in STAGE_FAMILIES
    }
    return OpenModel(network=network, class_names=names, families=families, notes=tuple(flat.notes))


def _in_0_1(images: np.ndarray) -> np.ndarray:
    """Return images as float32 in [0, 1]; uint8 ones are divided by 255.

    Raises:
        UserError: they are of another range.
    """
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    if images.dtype.kind != "f" or (images.size and not (images.min() >= 0 and images.max() <= 1)):
        raise UserError(
            f"images: {images.dtype} from {images.min()} to {images.max()}; expected uint8, or "
            "floats in [0, 1]"
        )
    return images.astype(np.float32, copy=False)


def pixels_of(images: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return training images as uint8 (n, *shape).

    Raises:
        UserError: they are of another shape or range.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., None]
    if not len(images) or images.shape[1:] != tuple(shape):
        raise UserError(
            f"images: their shape is {images.shape}, and the network takes (n, "
            f"{', '.join(map(str, shape))}), with n at least 1"
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f" or not (images.min() >= 0 and images.max() <= 1):
        raise UserError(
            f"images: {images.dtype} from {images.min()} to {images.max()}; expected uint8, or "
            "floats in [0, 1], before any scaling: `scaling` is the network's own"
        )
    return np.rint(255 * images).astype(np.uint8)


def _checked(model: "keras.Model", pixels: np.ndarray, labels: np.ndarray, scaling: str) -> str:
    """Say how many labelled images the network gets right, and by which scaling it would be more.

    Raises:
        UserError: the labels are not of these images or classes.
    """
    from heatproof.evaluation import plausibility

    if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu":
        raise UserError(
            f"labels: {labels.dtype} {labels.shape}; expected one whole number for each of the "
            f"{len(pixels)} images"
        )
    classes = model.output_shape[-1]
    labels = labels[: plausibility.MAX_IMAGES]
    if labels.min() < 0 or labels.max() >= classes:
        raise UserError(
            f"labels: from {labels.min()} to {labels.max()}; expected 0 to {classes - 1}, in the "
            "order of the network's outputs"
        )
    predicted = plausibility.predicted_by_scaling(model, pixels[: len(labels)])
    right = {name: float((each == labels).mean()) for name, each in predicted.items()}
    text = f"{right[scaling]:.0%} of {len(labels)} labelled images are right"
    better = plausibility.better(right, right[scaling])
    return text + (f'; with scaling="{better}" it would be {right[better]:.0%}' if better else "")
