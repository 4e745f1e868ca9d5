"""Generic attention explainability: relevance added up layer by layer (Chefer et al. 2021).

https://arxiv.org/abs/2103.15679, equations 5 and 6, for self-attention alone.
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
    """Update relevance by each layer: R = I at first, then R + Ā R (eq. 6); the reader's row."""
    row = positive_read(attended)
    for weights, gradients in last_first(attended):
        row = row + through(row, positive(weights, gradients))
    return row


METHODS = (
    method(
        name="generic_attention",
        label="Generic attention",
        weighting=weighted,
        gradients=True,
        shows="which places raise the class score by way of the attention of all layers, added up",
        reference="Chefer et al. 2021",
        address="arXiv:2103.15679",
        definition="Relevance R, the identity at first, to which each layer b adds what its "
        "attention Ā that raises the logit takes from it; the class token’s row r of the last.",
        equation="Ā = E_h (∂S/∂A ⊙ A)⁺ (eq. 5), R ← R + Ā R (eq. 6), M = r R",
        deviations="Of the paper’s rules that of self-attention. Pooling weights in the class "
        "token’s place where there is none, times their gradient.",
        unit="arbitrary units",
    ),
)
