"""TracIn on the last layer, at the final weights (Pruthi et al. 2020, arXiv:2002.08484).

TracInCP sums over checkpoints, weighted by the learning rate, the inner products of the gradients
of two images' losses. Here there is one checkpoint, the network as it is, and one layer, the last:
(a_i · a_j + 1) (e_i · e_j) of training image i and explained image j, of features a and errors e,
without the 1 where the layer has no bias. The learning rate, a factor of all, is left out.
"""

import numpy as np

from heatproof.influence.last_layer import Compared


def influence(
    compared: Compared, training_errors: np.ndarray, explained_errors: np.ndarray
) -> np.ndarray:
    """Return how far a step on each training image's loss lowers the loss of each explained one.

    Args:
        compared: n training images and m explained ones.
        training_errors: float64 (n, classes), of their labels, as `last_layer.errors`.
        explained_errors: float64 (m, classes), of the classes predicted, say.

    Returns:
        float64 (n, m), in loss per unit of learning rate, to first order: above zero where the step
        makes the network surer of the class.
    """
    return (compared.inner + compared.bias) * np.einsum(
        "ic,jc->ij", training_errors, explained_errors
    )


def self_influence(compared: Compared, training_errors: np.ndarray) -> np.ndarray:
    """Return the influence of training images on themselves, float64 (n,), never below zero.

    The squared length of the loss's gradient: large of what is not fitted, as wrong labels are.
    """
    return (compared.squared + compared.bias) * np.square(training_errors).sum(axis=1)


def gradient_lengths(compared: Compared, explained_errors: np.ndarray) -> np.ndarray:
    """Return the lengths of the explained images' gradients, float64 (m,), above zero."""
    squared = (compared.explained_squared + compared.bias) * np.square(explained_errors).sum(axis=1)
    return np.maximum(np.sqrt(squared), np.finfo(np.float64).tiny)


def relative(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return influence per length of the training image's own gradient.

    As RelatIF has it (Barshan et al. 2020, https://arxiv.org/abs/2003.11630), with the identity in
    the Hessian's place: how far an image moves this prediction for how far it moves anything.

    Args:
        scores: float64 (n, m), as `influence`.
        own: float64 (n,), as `self_influence`.

    Returns:
        float64 (n, m); 0 of an image without a gradient.
    """
    lengths = np.sqrt(own)[:, None]
    return np.divide(scores, lengths, out=np.zeros_like(scores), where=lengths > 0)


def cosines(compared: Compared) -> np.ndarray:
    """Return how alike features are, float64 (n, m) in [-1, 1]; 0 where all of them are zero."""
    lengths = np.sqrt(compared.squared[:, None] * compared.explained_squared)
    alike = np.zeros_like(compared.inner)
    return np.divide(compared.inner, lengths, out=alike, where=lengths > 0)


def strongest(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the rows with the highest scores of each column, highest first.

    Args:
        scores: float (n, m).
        count: how many; all where there are fewer.

    Returns:
        int64 (m, count); of equal scores the earlier row comes first.
    """
    return np.argsort(-scores, axis=0, kind="stable")[:count].T.astype(np.int64)
