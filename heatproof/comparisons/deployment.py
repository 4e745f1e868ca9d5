"""What a network needs where it is used: operations, memory, and time beside another network."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from heatproof.comparisons.latency import compared, in_turns
from heatproof.evaluation.inference import compiled_forward
from heatproof.models import cost, litert
from heatproof.models.cost import FLOAT_BYTES
from heatproof.models.integer_program import program_of
from heatproof.run import runtime

if TYPE_CHECKING:
    import keras

OWN, ORIGIN = "own", "origin"

Answer = Callable[[], object]


def needs(model: "keras.Model", value_bytes: int = FLOAT_BYTES) -> dict[str, int | None]:
    """Count what one image takes.

    Args:
        model: a flat functional network.
        value_bytes: of each value that it computes.

    Returns:
        `parameters`; `flops`, see `models.cost`, None where they are not known: a weight that is
        zero is multiplied like any other; `activation_bytes`, see there.
    """
    return {
        "parameters": cost.parameters(model),
        "flops": cost.flops_if_known(model),
        "activation_bytes": activation_bytes(model, value_bytes),
    }


def activation_bytes(model: "keras.Model", value_bytes: int = FLOAT_BYTES) -> int:
    """Return the most that layers' outputs take at one time while one image is predicted.

    Counted from the graph, not measured: an output is there from its layer on until the last layer
    that reads it. A program that computes a layer in place takes less.
    """
    layers = model.layers
    last_read = {
        id(tensor): number
        for number, layer in enumerate(layers)
        if not hasattr(layer, "batch_shape")  # of the images: nothing is read
        for tensor in _tensors(layer.input)
    }
    alive: dict[int, int] = {}
    most = 0
    for number, layer in enumerate(layers):
        for tensor in _tensors(layer.output):
            alive[id(tensor)] = value_bytes * int(np.prod(tensor.shape[1:]))
        most = max(most, sum(alive.values()))
        alive = {each: size for each, size in alive.items() if last_read.get(each, -1) > number}
    return most


def timed_in_keras(
    own: "keras.Model", origin: "keras.Model", images: np.ndarray, rounds: int
) -> dict[str, dict[str, float]]:
    """Time two networks in Keras, in turns: one image at a time, and all of them as a batch.

    Args:
        own: the network in question.
        origin: the one that it is compared with.
        images: float32 (n, height, width, channels) in [0, 1], a batch.
        rounds: how often.

    Returns:
        `single` and `batch`, see `latency.compared`.
    """
    answers = {name: compiled_forward(each).function for name, each in _both(own, origin).items()}
    return _timed(answers, images, rounds)


def timed_programs(
    own: bytes, origin: bytes, images: np.ndarray, rounds: int, threads: int
) -> dict[str, dict[str, float]]:
    """Time two LiteRT programs, in turns; otherwise as `timed_in_keras`.

    own, origin: as `program` gives them. threads: of the interpreter.
    """
    found = {}
    for name, shown in (("single", images[:1]), ("batch", images)):
        answers = {
            each: partial(interpreter(content, shown.shape, threads), shown)
            for each, content in _both(own, origin).items()
        }
        found[name] = _compared(answers, rounds)
    return found


def program(model: "keras.Model") -> bytes:
    """Return a network as a LiteRT program (.tflite): its own of integers, else of floats."""
    own = program_of(model)
    return litert.converted(model) if own is None else own.content


def interpreter(
    content: bytes, shape: tuple[int, ...], threads: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a LiteRT program as a function of batches of one shape, which gives its output.

    With the kernels that it is used with, XNNPACK's; `integer_program` has others, for equal bits.
    """
    from ai_edge_litert.interpreter import Interpreter

    with runtime.suppress_native_stderr():  # it tells of its kernels
        machine = Interpreter(model_content=content, num_threads=threads)
        given = machine.get_input_details()[0]
        place, whole = given["index"], given["dtype"] is np.int8
        machine.resize_tensor_input(place, shape)
        machine.allocate_tensors()
    result = machine.get_output_details()[0]["index"]

    def answer(images: np.ndarray) -> np.ndarray:
        machine.set_tensor(place, _whole(images, given["quantization"]) if whole else images)
        machine.invoke()
        return machine.get_tensor(result)

    return answer


def _whole(images: np.ndarray, quantization: tuple[float, int]) -> np.ndarray:
    """Return images as a program of integers takes them."""
    scale, zero = quantization
    return np.clip(np.rint(images / scale) + zero, -128, 127).astype(np.int8)


def _timed(
    answers: Mapping[str, Callable[[np.ndarray], np.ndarray]], images: np.ndarray, rounds: int
) -> dict[str, dict[str, float]]:
    return {
        name: _compared({each: partial(answer, shown) for each, answer in answers.items()}, rounds)
        for name, shown in (("single", images[:1]), ("batch", images))
    }


def _compared(answers: Mapping[str, Answer], rounds: int) -> dict[str, float]:
    return compared(in_turns(answers, rounds), OWN, ORIGIN)


def _both(own: Any, origin: Any) -> dict[str, Any]:
    return {OWN: own, ORIGIN: origin}


def _tensors(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]
