"""A network whose layers cannot be seen, as one layer of a Keras graph.

A SavedModel or an ONNX file says how its scores are computed, in a language that is not Keras'. All
that can be asked of it are predictions. As a layer it goes wherever a network goes: into a graph
with its scaling, into a file of weights, into every method that needs nothing but logits.

The program itself is the layer's one weight, bytes as numbers, so that weights' files hold it with
their checksum like any other. `saved_model` and `onnx_file` read what is brought, and check what it
does before anything runs; what a weights' file holds they check again when it is run.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np

from heatproof.models import onnx_file, saved_model
from heatproof.models.program import Run
from heatproof.run.errors import UserError

NAME = "black_box"
# What each kind of program is called.
KINDS = {"saved_model": "a SavedModel", "onnx": "an ONNX file"}

_ROUNDING = 1e-2  # of the largest score: between two computations of the same
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Interface:
    """How a program is called.

    kind: one of `KINDS`. bytes: how long it is. shape: height, width and channels of its images;
    channels_first: in which order it takes them. dtype: in which it takes pixels. batch: how many
    images at a time, None for any number. classes: how many scores it gives. probabilities: what
    its scores are; logits otherwise. activation_bytes: of one image, about; parameters: how many
    numbers it was trained to have. blue_first: whether its channels are in that order. order: of
    which of its scores each logit is; None for their own.
    """

    kind: str
    bytes: int
    shape: tuple[int, int, int]
    channels_first: bool
    dtype: str
    batch: int | None
    classes: int
    probabilities: bool
    activation_bytes: int
    parameters: int
    blue_first: bool = False
    order: tuple[int, ...] | None = None


class BlackBox(keras.Layer):
    """A program as a layer: images float32 (n, height, width, channels) -> logits (n, classes)."""

    def __init__(self, interface: dict[str, Any], **options: Any) -> None:
        """Make the layer, its program yet to be set as its weight."""
        super().__init__(**options)
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in interface.items()
        }
        self.interface = Interface(**given)
        self.program = self.add_weight(
            shape=(self.interface.bytes,), dtype="uint8", initializer="zeros", trainable=False,
            name="program",
        )  # fmt: skip

    # What other layers tell by what they are, and this one has to say.

    @property
    def opaque(self) -> str:
        """What the network is whose layers cannot be seen, in words."""
        return KINDS[self.interface.kind]

    @property
    def activation_bytes(self) -> int:
        """What all that is computed for one image takes."""
        return self.interface.activation_bytes

    @property
    def parameters(self) -> int:
        """How many numbers were trained."""
        return self.interface.parameters

    def get_config(self) -> dict[str, Any]:
        """Return how the program is called; the program is the weight."""
        return super().get_config() | {"interface": asdict(self.interface)}

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """Return (n, classes)."""
        return (input_shape[0], self.interface.classes)

    def call(self, images: Any) -> Any:
        """Compute the logits."""
        import tensorflow as tf

        said = self.interface
        x = images[..., ::-1] if said.blue_first else images
        x = tf.transpose(x, (0, 3, 1, 2)) if said.channels_first else x
        x = tf.saturate_cast(tf.round(x), tf.uint8) if said.dtype == "uint8" else x
        x = tf.cast(x, said.dtype)
        scores = self._run(x) if said.batch is None else self._in_batches(x, said.batch)
        scores = tf.ensure_shape(scores, (None, said.classes))
        if said.probabilities:
            scores = tf.math.log(tf.maximum(scores, _SMALLEST))
        if said.order is not None:
            scores = tf.gather(scores, said.order, axis=1)
        return tf.cast(scores, self.compute_dtype)

    def _in_batches(self, x: Any, batch: int) -> Any:
        """Run a program that takes so many images at a time; the last ones are filled up."""
        import tensorflow as tf

        count = tf.shape(x)[0]
        missing = tf.math.floormod(-count, batch)
        black = tf.zeros(tf.concat(([missing], tf.shape(x)[1:]), axis=0), x.dtype)
        filled = tf.concat((x, black), axis=0)
        scores = tf.map_fn(
            self._run,
            tf.reshape(filled, (-1, batch, *x.shape[1:])),
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec((batch, self.interface.classes), tf.float32),
        )
        return tf.reshape(scores, (-1, self.interface.classes))[:count]

    @cached_property
    def _run(self) -> Run:
        """The program made ready, from the weight as it is when first called."""
        import tensorflow as tf

        with tf.init_scope():
            content = keras.ops.convert_to_numpy(self.program).tobytes()
            return module_of(self.interface.kind).runner(content)

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Take a program; it may come as other numbers than bytes."""
        super().set_weights([np.asarray(each).astype(np.uint8) for each in weights])

    def reads_blue_first(self) -> None:
        """Have the channels turned round before the program gets them."""
        self.interface = replace(self.interface, blue_first=True)

    def orders(self, places: Sequence[int]) -> None:
        """Have the logits in another order: of which score each is."""
        self.interface = replace(self.interface, order=tuple(map(int, places)))


def network(name: str, content: bytes, interface: Interface) -> keras.Model:
    """Return a graph of one image input whose one layer is a program."""
    image = keras.Input(interface.shape, name="image")
    layer = BlackBox(asdict(interface), name=NAME)
    logits = layer(image)
    layer.set_weights([np.frombuffer(content, np.uint8)])
    return keras.Model(image, logits, name=name)


def within(model: keras.Model) -> BlackBox | None:
    """Return a network's black box; None where its layers can be seen."""
    return next((layer for layer in model.layers if isinstance(layer, BlackBox)), None)


def module_of(kind: str) -> Any:
    """Return the module that reads and runs a kind of program."""
    return {"saved_model": saved_model, "onnx": onnx_file}[kind]


def probed(run: Run, interface: Interface, where: str) -> Interface:
    """Try a program on images of noise: how many at a time, and what it gives.

    Args:
        run: the program.
        interface: what its file says; batch None where it says nothing of it.
        where: the file, for the message.

    Raises:
        UserError: it fails, or gives something else than one finite score per class, of each image
            by itself.
    """
    height, width, channels = interface.shape
    shape = (channels, height, width) if interface.channels_first else interface.shape
    batches = [interface.batch] if interface.batch else [2, 1]
    reason = ""
    for batch in batches:
        noise = np.random.default_rng(0).random((batch, *shape)) * (
            255 if interface.dtype == "uint8" else 1
        )
        try:
            scores = np.asarray(run(noise.astype(interface.dtype)), np.float64)
            noise[1:] /= 2  # as batch normalisation by the batch would notice
            beside = np.asarray(run(noise.astype(interface.dtype)), np.float64)
        except Exception as error:  # of TensorFlow's and ONNX Runtime's many kinds
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            continue
        if scores.ndim != 2 or len(scores) != batch or not np.isfinite(scores).all():
            raise UserError(
                f"{where}: for {batch} images it gives {tuple(scores.shape)}"
                f"{'' if np.isfinite(scores).all() else ', with NaN or infinity'}; expected one "
                "score per class, (n, classes)"
            )
        apart = np.abs(beside[:1] - scores[:1]).max(initial=0)
        if apart > _ROUNDING * max(np.abs(scores).max(), 1e-6):
            raise UserError(
                f"{where}: the scores of an image depend on the images beside it, or differ each "
                "time; export the network for inference, not for training"
            )
        sums = scores.sum(axis=1)
        probable = bool(scores.min() >= 0 and np.abs(sums - 1).max() < 1e-3)
        return replace(
            interface,
            classes=scores.shape[1],
            batch=interface.batch or (None if batch > 1 else 1),
            probabilities=probable and scores.shape[1] > 1,
        )
    raise UserError(f"{where}: it cannot be run: {reason}")
