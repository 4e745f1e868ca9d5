"""Gradient-weighted rollout: the rollout of the attention that raises the logit.

Rollout (Abnar & Zuidema 2020, https://arxiv.org/abs/2005.00928) of E_h((∇A ⊙ A)⁺) (Chefer et al.
2021, https://arxiv.org/abs/2103.15679, equation 5) in place of E_h A, rows normalised.
"""

from typing import Any

from heatproof.attribution.attention.attended import (
    Attended,
    last_first,
    method,
    positive,
    positive_read,
    through,
)


def weighted(attended: Attended) -> Any:
    """Multiply all layers' attention that raises the logit, with the identity, rows sum to 1."""
    import tensorflow as tf

    row = positive_read(attended)
    for weights, gradients in last_first(attended):
        raises = positive(weights, gradients)
        row = row / (1 + tf.reduce_sum(raises, axis=-1))
        row = row + through(row, raises)
    return row


METHODS = (
    method(
        name="gradient_rollout",
        label="Gradient rollout",
        weighting=weighted,
        gradients=True,
        shows="where what raises the class score comes from, followed through all layers by the "
        "attention that raises it",
        reference="Chefer et al. 2021",
        address="arXiv:2103.15679",
        definition="Rollout of the attention weights times the logit’s gradient at them, positive "
        "part, mean of the heads; each layer with the identity, its rows divided by their sums.",
        equation="Â = norm(I + E_h (∂S/∂A ⊙ A)⁺), M = r Â⁽ᴮ⁾ ⋯ Â⁽¹⁾",
        deviations="Equation 5 of the paper within the rollout of Abnar & Zuidema 2020. Pooling "
        "weights in the class token’s place where there is none, times their gradient.",
        unit="arbitrary units",
    ),
)
