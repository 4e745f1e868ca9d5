"""The values of a SavedModel's variables, from its checkpoint."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.run.errors import UserError

_MOST_OBJECTS = 1_000_000


@dataclass
class Variables:
    """The values of a SavedModel's variables, from its checkpoint.

    Where its objects are described (TensorFlow 2) a function's captures are named by their numbers;
    else a variable's own name is the key.
    """

    folder: Path
    meta: Any
    numbers: int = 0

    def value(self, key: str) -> np.ndarray:
        """Return a value by its key in the checkpoint."""
        shapes = self._reader.get_variable_to_shape_map()
        if key not in shapes:
            raise UserError(f"{self.folder}/variables: there is no '{key}' in it")
        value = np.asarray(self._stored(key))
        if value.dtype.kind not in "fiub" and value.dtype.name != "bfloat16":
            raise UserError(f"{self.folder}/variables: '{key}' is {value.dtype}; expected numbers")
        if not np.isfinite(value.astype(np.float64)).all():
            raise UserError(f"{self.folder}: there is NaN or infinity among its weights")
        self.numbers += value.size
        return value

    def of_object(self, number: int) -> np.ndarray:
        """Return the value of a variable by its number among the objects."""
        if number not in self._keys:
            kind = self.meta.object_graph_def.nodes[number].WhichOneof("kind")
            raise UserError(
                f"{self.folder}: it needs {kind or 'an object'} beside its variables (a table or a "
                "file, say); expected variables alone"
            )
        return self.value(self._keys[number])

    def _stored(self, key: str) -> Any:
        import tensorflow as tf

        try:
            return self._reader.get_tensor(key)
        except (tf.errors.OpError, ValueError, RuntimeError) as reason:
            raise self._damaged(reason) from None

    def _damaged(self, reason: Exception) -> UserError:
        first = next(iter(str(reason).splitlines()), "")[:200]
        return UserError(f"{self.folder}/variables: no checkpoint, or damaged ({first})")

    @cached_property
    def _keys(self) -> dict[int, str]:
        return dict(self._described())

    @cached_property
    def _reader(self) -> Any:
        import tensorflow as tf

        prefix = self.folder / "variables" / "variables"
        stored = sum(path.stat().st_size for path in prefix.parent.glob("variables.data-*"))
        try:
            reader = tf.train.load_checkpoint(str(prefix))
            shapes = reader.get_variable_to_shape_map()
            types = reader.get_variable_to_dtype_map()
            asked = sum(
                math.prod(shape) * max(types[name].size or 0, 0) for name, shape in shapes.items()
            )
        except (tf.errors.OpError, ValueError, TypeError, LookupError, OSError,
                RuntimeError) as reason:  # fmt: skip
            raise self._damaged(reason) from None
        if asked > stored:
            raise UserError(f"{prefix.parent}: damaged: it says that it holds {asked} bytes")
        return reader

    def _described(self) -> Iterator[tuple[int, str]]:
        """Yield each object's number and its key, walking both descriptions side by side."""
        from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

        objects = self.meta.object_graph_def.nodes
        kept = TrackableObjectGraph.FromString(self._stored("_CHECKPOINTABLE_OBJECT_GRAPH")).nodes
        seen, waiting = set(), [(0, 0)]
        while waiting:
            pair = waiting.pop()
            if pair in seen:
                continue
            seen.add(pair)
            if len(seen) > _MOST_OBJECTS:  # each of one description beside each of the other
                raise self._damaged(ValueError("its objects have no end"))
            here, there = objects[pair[0]], kept[pair[1]]
            for attribute in there.attributes:
                if attribute.name == "VARIABLE_VALUE":
                    yield pair[0], attribute.checkpoint_key
            children = {child.local_name: child.node_id for child in there.children}
            waiting += [
                (child.node_id, children[child.local_name])
                for child in here.children
                if child.local_name in children
            ]
