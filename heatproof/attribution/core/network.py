"""A network made ready for explaining: folded, compiled once, and shared by every method."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from heatproof.attribution.core import graph
from heatproof.attribution.core.folding import copy_folded, folded
from heatproof.attribution.core.tokens import attends
from heatproof.models.integer_program import program_of
from heatproof.models.memory import activation_bytes
from heatproof.run.progress import Progress

if TYPE_CHECKING:
    import keras

# What the activations of one batch may take, were all of them kept; half of it is in use at once.
# Measured with 16 to 512 images, forward and backward, on two cores: simple_cnn is fastest from 256
# on, mobilenet_v2 and resnet18 gain nothing beyond 100 to 200. With 16, an image takes 1.2 to 3
# times as long.
BATCH_BYTES = 256 * 2**20
LARGEST_BATCH = 512
# But of large images so many, where they fit into more: what a call takes beside its images, with
# one core, is a tenth of a gradient's time with 6 of 224 pixels, and a sixth with 4 (mobilenet_v2).
FEW_IMAGES, FEW_IMAGES_BYTES = 6, 384 * 2**20

Computed = TypeVar("Computed")


class Network:
    """What the methods ask of a network: logits and gradients, in batches of any number.

    The functions are traced once and read the weights at each call, so `load` changes what they
    compute without tracing again.

    model: the folded network, whose layers have the names of the one explained.
    trained: the one explained, as it was trained, whose weights `model` has.
    image_shape: height, width, channels. classes: how many logits. dtype: what it computes in.
    opaque: what it is, "an ONNX file" say, where its layers cannot be seen and nothing but
    predictions can be asked of it; else empty. attends: whether it has attention between tokens.
    saved_seconds: how long what was `shared` would have taken to compute again.
    """

    def __init__(self, model: "keras.Model", dtype: str = "float32") -> None:
        """Fold a copy of `model`, a flat functional network with logits.

        dtype: of all that it computes, float32 or float64.

        Raises:
            ValueError: the network's output is not logits.
        """
        require_logits(model)
        self.trained = model
        self.model = folded(model, dtype)
        self.image_shape: tuple[int, int, int] = tuple(model.input_shape[1:])
        self.classes: int = model.output_shape[-1]
        self.opaque = opaque(model)
        self.attends = attends(self.model)
        self.progress: Progress | None = None  # counts the images that `in_batches` passes
        self._compiled: dict[Any, Callable[..., Any]] = {}
        self.dtype = dtype
        self._bytes_an_image = activation_bytes(self.model) * (2 if dtype == "float64" else 1)
        self._double: Network | None = None
        self._program = program_of(model)
        self.saved_seconds = 0.0
        self._shared: dict[Any, tuple[Any, tuple[np.ndarray, ...], float]] | None = None

    def load(self, model: "keras.Model") -> None:
        """Take the weights of another network of the same layers, such as a randomised one."""
        copy_folded(model, self.model, self.dtype)
        self.trained = model
        if self._program is not program_of(model):  # one of other weights is no program's twin
            self._program = program_of(model)
            self._compiled.clear()
        if self._double is not None:
            self._double.load(model)

    @property
    def double(self) -> "Network":
        """The same network, of the same weights, computed in double precision.

        For what must not depend on the side of zero to which rounding moves a ReLU's input. It
        takes two to four times as long.
        """
        if self._double is None:
            self._double = Network(self.trained, "float64")
        return self._double

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Within, what several methods need of the same images is computed once (`shared`).

        Neither weights nor images may change meanwhile.
        """
        self._shared = {}
        try:
            yield
        finally:
            self._shared = None

    def shared(self, key: Any, compute: Callable[[], Computed], *arrays: np.ndarray) -> Computed:
        """Return `compute()`, or within `sharing` what it was the last time.

        Args:
            key: hashable; with it and the arrays all is said that the result depends on.
            compute: what is needed.
            arrays: images and targets; the same are those that are the same objects.
        """
        if self._shared is None:
            return compute()
        same = (key, *map(id, arrays))
        if same in self._shared:
            result, _, seconds = self._shared[same]
            self.saved_seconds += seconds
            return result
        started = time.monotonic()
        result = compute()
        # With the arrays, so that no others get their identity.
        self._shared[same] = result, arrays, time.monotonic() - started
        return result

    @property
    def batch_size(self) -> int:
        """How many images to pass at once, so that memory stays bounded whatever the network."""
        few = min(FEW_IMAGES, FEW_IMAGES_BYTES // self._bytes_an_image)
        return int(np.clip(max(BATCH_BYTES // self._bytes_an_image, few), 1, LARGEST_BATCH))

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (n, classes), of float32 images (n, height, width, channels).

        Raises:
            FloatingPointError: a logit is NaN or infinite.
        """
        return self.in_batches(self.compiled("logits", self.logits_of), images)

    def logits_of(self, batch: Any) -> Any:
        """Return the logits in TensorFlow, for use inside a compiled function.

        Of a network of integers they are its program's, and their gradient the twin's
        (`models.integer_program`).
        """
        logits = graph.value(self.model, batch, self.model.output)
        return logits if self._program is None else self._program.in_place_of(logits, batch)

    def score_gradients(self, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return d logit[target] / d image, float32 like `images`; zero where nothing is read.

        Args:
            images: float32 (n, height, width, channels) in [0, 1].
            targets: int64 (n,), class indices.

        Raises:
            FloatingPointError: a gradient is NaN or infinite.
        """
        compiled = self.compiled("gradients", self.gradients_of)
        compute = partial(self.in_batches, compiled, images, targets)
        return self.shared("gradients", compute, images, targets)

    def gradients_of(self, batch: Any, batch_targets: Any) -> Any:
        """Return d logit[target] / d batch in TensorFlow, for use inside a compiled function."""
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            score = target_scores(self.logits_of(batch), batch_targets)
        return tape.gradient(score, batch, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def compiled(
        self, key: Any, function: Callable[..., Any], autograph: bool = False
    ) -> Callable[..., Any]:
        """Return `function` of tensors as a compiled one: the first given for this key.

        Args:
            key: hashable; say in it everything that the function closes over.
            function: what takes and returns TensorFlow tensors whose first axis is the batch.
            autograph: whether Python's own loops in it are loops over tensors; to look for them
                takes seconds.
        """
        if key not in self._compiled:
            self._compiled[key] = traced_for_any_batch(function, autograph)
        return self._compiled[key]

    def in_batches(
        self,
        function: Callable[..., Any],
        *arrays: np.ndarray,
        size: int | None = None,
        copies: int = 1,
    ) -> Any:
        """Apply a function to a few rows of the arrays at a time, and join what it returns.

        Args:
            function: (a batch of each array) -> a tensor or a tuple of them, first axis the batch.
            arrays: float32 or int64, all (n, ...).
            size: rows at a time; if left out, as many as make `batch_size` images.
            copies: images that the function makes of each row.

        Returns:
            what the function returns, as NumPy arrays of n rows.

        Raises:
            FloatingPointError: a value is NaN or infinite.
        """
        import tensorflow as tf

        count, size = len(arrays[0]), size or max(1, self.batch_size // copies)
        if not count:  # kernels refuse an empty batch, and the result must have its right shape
            arrays = tuple(np.zeros((1, *array.shape[1:]), array.dtype) for array in arrays)
        parts = []
        for start in range(0, len(arrays[0]), size):
            batch = [tf.constant(array[start : start + size]) for array in arrays]
            result = function(*batch)
            parts.append(result if isinstance(result, tuple) else (result,))
            if self.progress is not None:
                self.progress.advance(copies * len(batch[0]))
        joined = tuple(
            np.concatenate([np.asarray(array) for array in column])[:count]
            for column in zip(*parts, strict=True)
        )
        if not all(np.isfinite(array).all() for array in joined):
            raise FloatingPointError(f"{self.model.name}: a value is not finite")
        return joined if isinstance(result, tuple) else joined[0]


def opaque(model: "keras.Model") -> str:
    """Return what a network is where its layers cannot be seen (`models.black_box`), else ""."""
    return next((layer.opaque for layer in model.layers if hasattr(layer, "opaque")), "")


def traced_for_any_batch(function: Callable[..., Any], autograph: bool) -> Callable[..., Any]:
    """Compile a function of tensors once for any length of their first axes.

    A `tf.function` by itself is traced for the first length, and again for the second.
    """
    import tensorflow as tf

    compiled = tf.function(function, autograph=autograph, jit_compile=False)
    traces: dict[Any, Callable[..., Any]] = {}
    # The same by the shapes as they come, so that a call takes little longer than the network.
    known: dict[Any, Callable[..., Any]] = {}

    def opened(tensor: Any) -> Any:
        shape = [None, *tensor.shape[1:]] if tensor.shape.rank else []
        return tf.TensorSpec(shape, tensor.dtype)

    def call(*arguments: Any) -> Any:
        leaves = tf.nest.flatten(arguments)
        if not all(isinstance(leaf, tf.Tensor) for leaf in leaves):
            return call(*tf.nest.map_structure(tf.convert_to_tensor, arguments))
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        if shapes not in known:
            kinds = tf.nest.map_structure(opened, arguments)
            key = tuple((tuple(kind.shape), kind.dtype) for kind in tf.nest.flatten(kinds))
            if key not in traces:
                traces[key] = compiled.get_concrete_function(*kinds)
            known[shapes] = traces[key]
        return known[shapes](*arguments)

    return call


def require_logits(model: "keras.Model") -> None:
    """Refuse a network whose output is not logits.

    A softmax couples the classes, and where the network is sure its gradient vanishes.

    Raises:
        ValueError: the last layer is, or ends in, an activation.
    """
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    if type(last).__name__ == "Softmax" or getattr(activation, "__name__", "linear") != "linear":
        raise ValueError(f"{model.name}: '{last.name}' gives no logits but activated values")


def target_scores(logits: Any, targets: Any) -> Any:
    """Return the logit of each row's target, (n,). Logits (n, classes), targets (n,)."""
    import tensorflow as tf

    # A product rather than an index: its gradient is deterministic on every device.
    return tf.reduce_sum(
        logits * tf.one_hot(targets, logits.shape[-1], dtype=logits.dtype), axis=-1
    )
