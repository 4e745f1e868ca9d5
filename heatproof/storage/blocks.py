"""Blocks of a stage's images: each in a file of its own until the stage has joined them.

`.resume/blocks/<stage>@<cell>/<number>.npz`, from 0. So an interrupted stage resumes with the
blocks that it had, and others may compute some, on this machine or another (`--block`): the stage
finds them there and only joins. Each is sealed with what it was made with (`inputs.made_with`): one
of other weights, images, parameters or code is not taken.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.config import params
from heatproof.statistics import numbers
from heatproof.storage import inputs
from heatproof.storage.formats import load_arrays, write_arrays
from heatproof.storage.resuming import BLOCKS, KEEPS

_RECORD = "record"  # the name of what is no array, in a block's file


@dataclass(frozen=True)
class Block:
    """What was computed of one block: named arrays, and what JSON can hold, floats to the bit."""

    arrays: dict[str, np.ndarray]
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """The blocks of a stage of a cell in the current study's folder.

    stage: in dvc.yaml, such as "explain_gradients".
    """

    stage: str
    cell: str

    @cached_property
    def _made_with(self) -> str:
        return inputs.made_with(self._name, params.load())

    @property
    def _name(self) -> str:
        return f"{self.stage}@{self.cell}"

    @property
    def folder(self) -> Path:
        """Where the files of the blocks are."""
        return BLOCKS / self._name

    def path(self, number: int) -> Path:
        """The file of a block, from 0."""
        return self.folder / f"{number}.npz"

    def all(self, count: int, compute: Callable[[int], Block]) -> Iterator[Block]:
        """Yield the blocks in order: read those that there are, compute the others.

        Each of several is written as soon as it is computed; the only one is not.
        """
        for number in range(count):
            block = self.read(number)
            if block is None:
                block = compute(number)
                if count > 1:
                    self.write(number, block)
                    print(f"{self._name}: block {number + 1} of {count} computed", flush=True)
            yield block

    def read(self, number: int) -> Block | None:
        """Return a block; None where its file is not there, or, as is printed, of no use."""
        path = self.path(number)
        if not path.exists():
            return None
        try:
            arrays = load_arrays(path, self._seal(number))
            return Block(arrays, json.loads(arrays.pop(_RECORD).tobytes()))
        except Exception:  # whatever it is that the file makes of its reader
            print(f"{path}: damaged, or of other weights, parameters or code; computed again")
            return None

    def write(self, number: int, block: Block) -> None:
        """Write a block, all or nothing."""
        record = json.dumps(block.record, default=lambda value: value.item()).encode()
        arrays = block.arrays | {_RECORD: np.frombuffer(record, np.uint8)}
        write_arrays(self.path(number), arrays, self._seal(number))

    def tell_of_none(self, number: int, count: int) -> None:
        """Say that there is no such block, of so many."""
        there = numbers.plural(count, "block")
        print(f"{self._name}: {there} of images: no block {number}, numbered from 0", flush=True)

    def finish(self) -> None:
        """Remove the files: what they hold is in the stage's outputs.

        Not where somebody does so when DVC has recorded these, which it deletes if it is killed
        before.
        """
        if os.environ.get(KEEPS) != "1":
            shutil.rmtree(self.folder, ignore_errors=True)

    def _seal(self, number: int) -> str:
        return f"{self._name}, block {number}, {self._made_with}"
