"""Weights that are zero and stay so: which ones, and how they are held through training.

The smallest weights are taken out (magnitude pruning, Han et al. 2015,
https://arxiv.org/abs/1506.02626), in one go or in rounds with training between; before each
training they may go back to where they began (Frankle & Carbin 2019,
https://arxiv.org/abs/1803.03635, section 2).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import keras
import numpy as np

Scope = Literal["layer", "global"]


class Masked(keras.constraints.Constraint):
    """Keep some weights at zero: Keras applies a variable's constraint after every step.

    It is part of the compiled step, so that it holds within several steps of one call too.
    """

    def __init__(self, mask: np.ndarray) -> None:
        """`mask`: bool, of the variable's shape; False where it is zero."""
        self.mask = mask.astype(np.float32)

    def __call__(self, w):
        """Return the weights, some of them zero."""
        return w * keras.ops.convert_to_tensor(self.mask, dtype=w.dtype)


def kernels(model: keras.Model) -> list[keras.Variable]:
    """Return the weights that are pruned: those that multiply in convolutions and dense layers.

    Biases, normalisations and what is added to tokens are few, and stay.
    """
    return [w for w in model.trainable_weights if w.name == "kernel" and len(w.shape) > 1]


def magnitude_masks(
    weights: Sequence[np.ndarray],
    sparsity: float,
    scope: Scope,
    earlier: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Say which weights are left when those of least magnitude are taken out.

    Args:
        weights: of each layer, of any shape.
        sparsity: the share that is taken out, of each layer (`layer`) or of all together
            (`global`), rounded down.
        scope: which.
        earlier: masks of what is left already; the others are among those that are taken out.

    Returns:
        bool arrays of the weights' shapes, False for what is taken out. Of equal magnitudes the
        first go.
    """
    sizes = [np.abs(each).ravel() for each in weights]
    if earlier is not None:
        sizes = [np.where(m.ravel(), size, -1.0) for m, size in zip(earlier, sizes, strict=True)]
    if scope == "global":
        left = np.split(_largest(np.concatenate(sizes), sparsity), np.cumsum(list(map(len, sizes))))
    else:
        left = [_largest(size, sparsity) for size in sizes]
    return [mask.reshape(each.shape) for mask, each in zip(left, weights, strict=False)]


def _largest(sizes: np.ndarray, sparsity: float) -> np.ndarray:
    mask = np.ones(len(sizes), bool)
    mask[np.argsort(sizes, kind="stable")[: math.floor(sparsity * len(sizes))]] = False
    return mask


@contextmanager
def held(model: keras.Model, masks: Sequence[np.ndarray]) -> Iterator[None]:
    """Set a network's masked weights to zero, and keep them there while it is trained.

    Args:
        model: whose `kernels` are held.
        masks: of each of them, False where it is zero.
    """
    variables = kernels(model)
    for variable, mask in zip(variables, masks, strict=True):
        variable.constraint = Masked(mask)
        variable.assign(variable.constraint(variable))
    try:
        yield
    finally:
        for variable in variables:
            variable.constraint = None


def prune(
    model: keras.Model,
    sparsity: float,
    scope: Scope,
    rounds: int,
    start: Sequence[np.ndarray] | None,
    train: Callable[[int], object],
) -> list[np.ndarray]:
    """Prune a trained network in rounds, in place; after each it is trained with what is left.

    Each round takes the same share of what is left: after r of n rounds 1 - (1 - sparsity)^(r / n)
    of the weights are zero.

    Args:
        model: trained.
        sparsity: the share of weights that is zero in the end.
        scope: of each layer, or of all weights together.
        rounds: how many.
        start: all weights of the network that every training begins with, those of the network
            before its own training for a lottery ticket; None to train on with what is left.
        train: trains `model`, and is handed the number of the round from 1; it may do nothing.

    Returns:
        The masks of its `kernels`.
    """
    masks = None
    for number in range(1, rounds + 1):
        now = [keras.ops.convert_to_numpy(each) for each in kernels(model)]
        masks = magnitude_masks(now, 1 - (1 - sparsity) ** (number / rounds), scope, masks)
        if start is not None:
            model.set_weights(start)
        with held(model, masks):
            train(number)
    assert masks is not None, "there is one round at least"
    return masks


def shares_left(model: keras.Model, masks: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the share of weights that is left in each layer, by the layer's name, in [0, 1]."""
    names = [variable.path.rpartition("/")[0] for variable in kernels(model)]
    return {name: float(mask.mean()) for name, mask in zip(names, masks, strict=True)}
