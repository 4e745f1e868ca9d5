"""The methods of attention on weights so few that every answer is worked out on paper."""

from typing import Any

import numpy as np
import pytest

from heatproof.attribution.attention import (
    attention_gradient,
    generic_attention,
    gradient_rollout,
    raw_attention,
    rollout,
)
from heatproof.attribution.attention.attended import Attended, positive

# Two layers, two heads, two tokens, of which the first is read.
FIRST = [[[0.2, 0.8], [0.0, 1.0]], [[0.8, 0.2], [0.0, 1.0]]]  # their mean: 1/2 1/2, 0 1
LAST = [[[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]]  # their mean: 1/2 1/2, 1 0
# Times the weights: 1 -8, 0 2 and 4 2, 0 -1; without what is below zero their mean is 5/2 1, 0 1.
AT_FIRST = [[[5.0, -10.0], [9.0, 2.0]], [[5.0, 10.0], [9.0, -1.0]]]
# Times the weights: 0 2, 1 0 and -3 0, 1 0; their mean is 0 1, 1 0.
AT_LAST = [[[7.0, 2.0], [1.0, 7.0]], [[-3.0, 7.0], [1.0, 7.0]]]


def attended(read: list[float], read_gradient: list[float] | None = None) -> Attended:
    import tensorflow as tf

    def tensor(values: Any) -> Any:
        return tf.constant([values], tf.float32)

    return Attended(
        (tensor(FIRST), tensor(LAST)),
        (tensor(AT_FIRST), tensor(AT_LAST)),
        tensor(read),
        None if read_gradient is None else tensor(read_gradient),
    )


CLASS_TOKEN, POOLED = [1.0, 0.0], [0.25, 0.75]
# What is read of the two tokens, and the gradient at the pooling weights: of these 1/2 and 0 are
# left, since the second speaks against the class.
POOLING = (POOLED, [2.0, -4.0])


@pytest.mark.parametrize(
    ("weighted", "of_class_token", "of_pooling"),
    [
        # 1/2 1/2; 1/4 (1/2 1/2) + 3/4 (1 0).
        (raw_attention.weighted, [1 / 2, 1 / 2], [7 / 8, 1 / 8]),
        # The sum over queries of 0 1, 1 0: where only the first is read, the second's is zero.
        (attention_gradient.weighted, [1, 1], [1, 1]),
        # Last: 3/4 1/4, 1/2 1/2; first: 3/4 1/4, 0 1. The row 3/4 1/4 of the product is 9/16 7/16;
        # of the pooling weights the last layer makes 9/16 7/16, and the first 27/64 37/64.
        (rollout.weighted, [9 / 16, 7 / 16], [27 / 64, 37 / 64]),
        # Last, with the identity: 1 1, 1 1, halved; first: 7/2 1 over 9/2, 0 2 over 2. So 1/2 1/2
        # becomes 7/18 11/18; of 1/2 0 the half.
        (gradient_rollout.weighted, [7 / 18, 11 / 18], [7 / 36, 11 / 36]),
        # The same without dividing: 1 1 becomes 7/2 3; of 1/2 0 the half.
        (generic_attention.weighted, [7 / 2, 3], [7 / 4, 3 / 2]),
    ],
)
def test_each_method(weighted: Any, of_class_token: list[float], of_pooling: list[float]) -> None:
    for given, expected in (
        (attended(CLASS_TOKEN), of_class_token),
        (attended(*POOLING), of_pooling),
    ):
        np.testing.assert_allclose(weighted(given).numpy(), [expected], rtol=1e-6)


def test_heads_that_speak_against_the_class_do_not_cancel_others() -> None:
    """The positive part is taken of each head, before the mean (equation 5)."""
    given = attended(CLASS_TOKEN)
    found = [
        positive(*pair).numpy()[0] for pair in zip(given.weights, given.gradients, strict=True)
    ]
    np.testing.assert_allclose(found, [[[5 / 2, 1], [0, 1]], [[0, 1], [1, 0]]])
