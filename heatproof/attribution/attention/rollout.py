"""Attention rollout: attention followed through all layers (Abnar & Zuidema 2020).

https://arxiv.org/abs/2005.00928, section 3.
"""

from typing import Any

from heatproof.attribution.attention.attended import Attended, mean_of_heads, method, through


def weighted(attended: Attended) -> Any:
    """Multiply all layers' attention, each half residual connection.

    Rows of A sum to 1, so those of 0.5 A + 0.5 I do too.
    """
    row = attended.read
    for weights in reversed(attended.weights):
        row = 0.5 * row + 0.5 * through(row, mean_of_heads(weights))
    return row


METHODS = (
    method(
        name="attention_rollout",
        label="Attention rollout",
        weighting=weighted,
        gradients=False,
        shows="where the class token’s (or the pooled token’s) values come from, if in each layer "
        "half comes along the residual connection and half by the mean attention, whatever the "
        "class",
        reference="Abnar & Zuidema 2020",
        address="arXiv:2005.00928",
        definition="The product over the layers b of the mean attention weights A, each with half "
        "identity for the residual connection; of it the class token’s row r, without one the "
        "pooling weights’.",
        equation="M = r Â⁽ᴮ⁾ ⋯ Â⁽¹⁾, Â = ½ E_h A + ½ I",
        deviations="Pooling weights in the class token’s place where there is none.",
        unit="share of attention",
    ),
)
