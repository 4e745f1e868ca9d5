"""Raw attention: what the last layer attends to, mean of the heads.

As Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762, equation 1, figures 3 to 5) show it.
"""

from typing import Any

from heatproof.attribution.attention.attended import Attended, mean_of_heads, method, through


def weighted(attended: Attended) -> Any:
    """Take what the logits read of the last layer's tokens, and what those attend to."""
    return through(attended.read, mean_of_heads(attended.weights[-1]))


METHODS = (
    method(
        name="raw_attention",
        label="Raw attention",
        weighting=weighted,
        gradients=False,
        shows="from which places the last attention layer takes what the class token, or the "
        "pooled one, is made of, whatever the class: attention weights are not what a prediction "
        "rests on",
        reference="Vaswani et al. 2017",
        address="arXiv:1706.03762",
        definition="The last layer’s attention weights A, mean of the heads h, from the class "
        "token (the row r) to each token; without a class token r are the pooling weights.",
        equation="M = r E_h A⁽ᴮ⁾, A = softmax(Q Kᵀ/√d) (eq. 1)",
        deviations="The mean of the heads and the last layer are customary; the paper shows single "
        "heads. Pooling weights in the class token’s place where there is none.",
        unit="share of attention",
    ),
)
