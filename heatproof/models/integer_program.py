"""A network of 8-bit integers as LiteRT runs it, beside its twin of floats.

Weights, activations and sums are integers (Jacob et al. 2018,
https://arxiv.org/abs/1712.05877), so the program has no gradients. Its twin is the same graph in
Keras, its weights those that the integers stand for. What is predicted is the program's;
gradients, and what is in the layers, are the twin's.

The program belongs to the twin that it is attached to, and to no copy of it: one whose weights are
made random again computes by itself.
"""

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.run.errors import UserError

if TYPE_CHECKING:
    import keras

_ATTRIBUTE, _KEY = "integer_program", "integer_program"
LOWEST, HIGHEST = -128, 127


class IntegerProgram:
    """A .tflite file's content, run by LiteRT.

    By its own kernels and not those of XNNPACK, which round in ways of their own. content: of the
    file.
    """

    def __init__(self, content: bytes) -> None:
        """Keep the content; LiteRT reads it when it is first run."""
        self.content = content
        self._batch = 0

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (n, classes), of float32 images (n, ...) in [0, 1]."""
        runner, (given, result) = self._interpreter, self._ends
        if len(images) != self._batch:
            runner.resize_tensor_input(given["index"], images.shape)
            runner.allocate_tensors()
            self._batch = len(images)
        scale, zero = given["quantization"]
        whole = np.clip(np.rint(np.asarray(images) / scale) + zero, LOWEST, HIGHEST)
        runner.set_tensor(given["index"], whole.astype(np.int8))
        runner.invoke()
        scale, zero = result["quantization"]
        whole = runner.get_tensor(result["index"]).astype(np.int32)
        return (np.float32(scale) * (whole - zero)).astype(np.float32)

    def in_place_of(self, logits: Any, images: Any) -> Any:
        """Return the program's logits in TensorFlow, with the gradient of the twin's `logits`."""
        import tensorflow as tf

        found = tf.numpy_function(self.logits, [tf.cast(images, tf.float32)], tf.float32)
        found = tf.cast(tf.ensure_shape(found, logits.shape), logits.dtype)

        @tf.custom_gradient
        def straight_through(twin: Any) -> Any:
            return tf.identity(found), lambda upstream: upstream

        return straight_through(logits)

    def kernels(self) -> list[np.ndarray]:
        """Return the kernels, float32, as the integers and their scales stand for them."""
        kernels = []
        for tensor in self._interpreter.get_tensor_details():
            scales = tensor["quantization_parameters"]["scales"]
            if tensor["dtype"] is not np.int8 or len(tensor["shape"]) < 2 or len(scales) < 2:
                continue
            try:
                whole = self._interpreter.get_tensor(tensor["index"])
            except ValueError:  # what is computed, and not there yet
                continue
            axis = tensor["quantization_parameters"]["quantized_dimension"]
            shape = [1] * whole.ndim
            shape[axis] = -1
            kernels.append(whole.astype(np.float32) * scales.reshape(shape))
        return kernels

    @cached_property
    def _interpreter(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            runner = Interpreter(
                model_content=self.content,
                num_threads=1,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
        except ValueError as reason:
            raise UserError(f"LiteRT cannot load an 8-bit program: {reason}") from None
        return runner

    @cached_property
    def _ends(self) -> tuple[dict[str, Any], dict[str, Any]]:
        [given], [result] = (
            self._interpreter.get_input_details(),
            self._interpreter.get_output_details(),
        )
        return given, result


@dataclass(frozen=True)
class Description:
    """A network's description as Keras reads it, and its program, b"" where it has none."""

    description: str
    program: bytes


def attach(model: "keras.Model", content: bytes) -> None:
    """Have a twin predict by a program."""
    setattr(model, _ATTRIBUTE, IntegerProgram(content))


def program_of(model: "keras.Model") -> IntegerProgram | None:
    """Return the program that a network predicts by; None where it computes by itself."""
    return getattr(model, _ATTRIBUTE, None)


def described(model: "keras.Model") -> str:
    """Return a network's description, JSON, with its program in it if it has one."""
    program = program_of(model)
    if program is None:
        return model.to_json()
    content = {_KEY: base64.b64encode(program.content).decode()}
    return json.dumps(json.loads(model.to_json()) | content)


def taken_out(description: str) -> Description:
    """Return a description without the program that `described` put into it, and the program."""
    try:
        content = json.loads(description)
        program = base64.b64decode(content.pop(_KEY, ""), validate=True)
    except (ValueError, AttributeError, TypeError):  # whoever reads it says what is wrong with it
        return Description(description, b"")
    return Description(json.dumps(content), program)
