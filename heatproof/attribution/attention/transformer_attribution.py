"""Transformer attribution: relevance × gradient of all layers' attention (Chefer et al. 2021).

https://arxiv.org/abs/2012.09838, equations 13 and 14. The rules of relevance are in `relevance`.
"""

from typing import Any

import numpy as np

from heatproof.attribution.attention import attended, relevance
from heatproof.attribution.attention.attended import last_first, positive, positive_read, through
from heatproof.attribution.core import graph
from heatproof.attribution.core.method import Attribution, Method, Passes
from heatproof.attribution.core.network import Network, target_scores
from heatproof.attribution.core.tokens import Tokens


def transformer_attribution(
    network: Network, images: np.ndarray, targets: np.ndarray
) -> Attribution:
    """Attribute each target logit to regions: relevance × gradient followed through all layers.

    Raises:
        UnsupportedNetwork: the tokens form no grid, it is not known what is read of them, or a
            layer behind the first attention has no rule.
    """
    tokens = attended.supported(network)
    rules = relevance.rules(network.model, tokens.layers[0])

    def function(batch: Any, batch_targets: Any) -> Any:
        import tensorflow as tf

        found = attended.attention(network, tokens, batch, batch_targets, gradients=True)
        weights, pooling = _relevance(network, tokens, rules, batch, batch_targets)
        # Relevance takes the place of the weights (eq. 13).
        both = attended.Attended(weights, found.gradients, found.read, found.read_gradient)
        if pooling is not None:
            row = tf.nn.relu(found.read_gradient * pooling)
        else:
            row = positive_read(both)
        for each, gradients in last_first(both):
            row = row + through(row, positive(each, gradients))  # eq. 14
        return attended.in_pixels(network, tokens, row)

    compiled = network.compiled("transformer attribution", function)
    return Attribution(network.in_batches(compiled, images, targets))


def _relevance(
    network: Network, tokens: Tokens, rules: Any, batch: Any, targets: Any
) -> tuple[tuple[Any, ...], Any]:
    """Return the relevance of each layer's attention weights, and of the pooling weights."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = graph.run(network.model, batch, rules)
        score = target_scores(list(outputs.values())[-1], targets)
    wanted = [outputs[name] for name in (*tokens.layers, *filter(None, [tokens.pooling]))]
    found: Any = tape.gradient(score, wanted, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    count = len(tokens.layers)
    return tuple(found[:count]), found[count][..., 0] if tokens.pooling else None


METHODS = (
    Method(
        name="transformer_attribution",
        label="Transformer attribution",
        family="attention",
        needs="attention",
        explain=transformer_attribution,
        shows="which places raise the class score by way of the attention of all layers, each "
        "attention weight by its relevance to the class times its gradient",
        reference="Chefer et al. 2021",
        address="arXiv:2012.09838",
        definition="Relevance R of each layer’s attention weights, propagated from the logit by "
        "positive contributions, times the logit’s gradient at the weights, positive part, mean of "
        "the heads h; the product over the layers, each with the identity, of it the class token’s "
        "row r.",
        equation="Ā = I + E_h (∂S/∂A ⊙ R)⁺ (eq. 13), M = r Ā⁽ᴮ⁾ ⋯ Ā⁽¹⁾ (eq. 14)",
        deviations="The order of the factors is the program’s. Layer normalisation passes "
        "relevance on, as there. Pooling weights in the class token’s place where there is none, "
        "their relevance times their gradient.",
        unit="arbitrary units",
        signed=False,
        overlay=True,
        colours="viridis",
        passes=lambda options, size: Passes(gradients=3),
    ),
)
