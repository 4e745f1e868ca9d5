"""What a network is asked: functions compiled for batches of any length, two batches at once.

An operation keeps two cores busy only while there is enough to divide: explaining
efficientnet_lite0 at 224 pixels one batch after the other used 1.3 to 1.4 of them. A compiled
function runs one operation after the other on the thread that calls it, and each operation is
divided by `threads` as ever. So a batch gives the same bits whatever runs beside it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from heatproof.run import runtime

AT_ONCE = 2  # batches: more would take more memory, and two keep two cores busy
# TensorFlow's name for it. Others divide a function's operations among threads of which all
# functions have the same: with one such thread, as here, two functions would wait for each other.
_ON_THIS_THREAD = "SINGLE_THREADED_EXECUTOR"

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], at_once: int = AT_ONCE
) -> Iterator[Result]:
    """Give `function` of each item in their order, some computed at once.

    Args:
        function: what several threads may call at once.
        items: what it is called with.
        at_once: how many; on a GPU, which one batch keeps busy, one.
    """
    items = list(items)
    if min(at_once, len(items)) < 2 or _on_gpu():
        yield from map(function, items)
        return
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(function, items)


@cache
def _on_gpu() -> bool:
    return bool(runtime.gpus())


def traced_for_any_batch(function: Callable[..., Any], autograph: bool) -> Callable[..., Any]:
    """Compile a function of tensors once for any length of their first axes.

    A `tf.function` by itself is traced for the first length, and again for the second.
    """
    import tensorflow as tf

    compiled = tf.function(function, autograph=autograph, jit_compile=False)
    traces: dict[Any, Callable[..., Any]] = {}
    # The same by the shapes as they come, so that a call takes little longer than the network.
    known: dict[Any, Callable[..., Any]] = {}
    executor, tracing = "" if _on_gpu() else _ON_THIS_THREAD, threading.Lock()

    def opened(tensor: Any) -> Any:
        shape = [None, *tensor.shape[1:]] if tensor.shape.rank else []
        return tf.TensorSpec(shape, tensor.dtype)

    def call(*arguments: Any) -> Any:
        leaves = tf.nest.flatten(arguments)
        if not all(isinstance(leaf, tf.Tensor) for leaf in leaves):
            return call(*tf.nest.map_structure(tf.convert_to_tensor, arguments))
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        with tf.experimental.function_executor_type(executor):
            if shapes not in known:
                kinds = tf.nest.map_structure(opened, arguments)
                key = tuple((tuple(kind.shape), kind.dtype) for kind in tf.nest.flatten(kinds))
                with tracing:  # the first two batches come at once
                    if key not in traces:
                        traces[key] = compiled.get_concrete_function(*kinds)
                known[shapes] = traces[key]
            return known[shapes](*arguments)

    return call
