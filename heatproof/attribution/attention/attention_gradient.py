"""Last layer × gradient: what of the last layer's attention raises the logit.

The last factor of Chefer et al. 2021 (https://arxiv.org/abs/2103.15679, equation 5), by itself.
"""

from typing import Any

from heatproof.attribution.attention.attended import Attended, method, positive


def weighted(attended: Attended) -> Any:
    """Add up what of each query's attention raises the logit.

    A query's gradients hold already how much the logits read of it: where they read the class token
    alone, all other queries' are zero, and this is its row.
    """
    import tensorflow as tf

    return tf.reduce_sum(positive(attended.weights[-1], attended.gradients[-1]), axis=1)


METHODS = (
    method(
        name="attention_gradient",
        label="Attention × gradient",
        weighting=weighted,
        gradients=True,
        shows="which of the last layer’s attention weights would raise the class score if they "
        "were larger, times the weight",
        reference="Chefer et al. 2021",
        address="arXiv:2103.15679",
        definition="The last layer’s attention weights A, each times the logit’s gradient there, "
        "the positive part, mean of the heads h, summed over the queries q.",
        equation="M = Σ_q E_h (∂S/∂A⁽ᴮ⁾ ⊙ A⁽ᴮ⁾)⁺_q (eq. 5)",
        deviations="One layer by itself. The sum over queries, which for a class token is its row, "
        "since no other query reaches the logits.",
    ),
)
