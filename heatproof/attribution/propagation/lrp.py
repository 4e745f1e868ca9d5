"""Layer-wise relevance propagation: the logit, handed back to the pixels layer by layer.

Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140, and Montavon et al. 2019,
https://doi.org/10.1007/978-3-030-28954-6_10. The relevance of the target's logit is the logit, and
each neuron shares out its relevance among what it sums up (`lrp_rules`). By layer kind:

- Convolution (depthwise too), dense layer, average pooling: the rule of the method, epsilon or
  alpha-beta, whatever follows. A linear bottleneck is a neuron like any other (its activation is
  the identity, and its value may be negative).
- Batch normalisation: folded into the convolution before it (`folding`), as Montavon et al. 2019
  advise; where that cannot be, the rule, as of an affine layer.
- Addition of branches: a neuron is x_j = g(sum_i z_ij + b_j) (Bach et al. 2015, eq. 50 to 52), so
  a residual block's is the whole sum: what its convolution gathers and, with weight 1, what the
  shortcut brings. Its relevance is shared out once, over all of these. Of shortcuts neither paper
  speaks. To share out between the branches first, as zennit, iNNvestigate and Captum do (in
  proportion), gives a branch whose sum is negative a negative relevance, and so turns round the
  sign of what speaks for the neuron in it. With epsilon both are the same.
- Activation that keeps zero at zero (ReLU6, swish, GELU, tanh, ...): hands its output's relevance
  to its input as it is. A hidden sigmoid has no rule: it gives a half where nothing comes in.
- Product of a signal and a gate, which is within [0, 1] (squeeze-and-excite, swish written as
  x sigmoid(x)): the signal takes all (Arras et al. 2017, https://arxiv.org/abs/1706.07206, section
  3.1), and no relevance comes to what makes the gate. Of factors none of which is a gate, each
  takes the same (Achtibat et al. 2024, https://arxiv.org/abs/2402.05602, section 3.3.2).
- Attention, as what it is made of (`models.attention_parts`): by the epsilon rule, its products and
  its softmax as AttnLRP has them (`attention_rules`), of which softmax does not conserve relevance;
  by alpha-beta its weights are gates, so that relevance keeps its sign. So it is with tokens that
  are averaged by weights that are made of them.
- Layer normalisation: the deviation that it divides by counts as a constant, and what remains, the
  difference from the mean, is a dense layer (Ali et al. 2022, https://arxiv.org/abs/2202.07304,
  section 4.1).
- Layer scale: folded as batch normalisation is.
- Maximum pooling: the largest value takes all of its window's relevance.
- The network's first layers, the normalisation (x - mean) / std: as an activation. A pixel's
  relevance is that of its normalised value. Its offset is thereby no bias that takes relevance, and
  a pixel of the mean colour, not a black one, is what has nothing to say. Further up, what rescales
  values is an affine layer.
- A pixel's relevance is the sum over its colour channels.

Maps of zennit's AlphaBeta (additions by its Norm) on the same folded weights of a mobilenet_v2
trained on digits correlate with these at 0.72; with its additions merged into the projections
before them at 0.98. What remains is neurons with contributions of one sign, many where a depthwise
convolution sums up nine values: zennit gives them alpha times their relevance, which then does not
add up. Without that it is 1.00.

What biases, epsilon and black padding around the image take is missing from the map's sum, and is
reported as `conservation_error`: |sum of the map - logit| / |logit|, NaN where the logit is 0. It
is 0 in a network without biases and padding, and may exceed 1 in one with them: relevance that
negative biases take leaves more than the logit to the rest.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from heatproof.attribution.core import graph
from heatproof.attribution.core.method import Attribution, Method, Number
from heatproof.attribution.core.sizes import is_small
from heatproof.attribution.propagation.lrp_layers import require_rules
from heatproof.attribution.propagation.lrp_rules import Rule, alpha_beta_rule, epsilon_rule, rules
from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.attribution.core.network import Network


class EpsilonOptions(Block):
    """Options of the epsilon rule."""

    epsilon: Annotated[float, Field(gt=0, le=1)] = 0.01
    """As a share of the root mean square of a layer’s outputs."""


class AlphaBetaOptions(Block):
    """Options of the alpha-beta rule."""

    alpha: Annotated[float, Field(ge=1, le=10)] = 2.0
    """The weight of positive contributions; beta, that of negative ones, is alpha - 1."""


def lrp_epsilon(
    network: "Network", images: np.ndarray, targets: np.ndarray, epsilon: float
) -> Attribution:
    """Attribute each target logit to pixels by the epsilon rule.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        epsilon: at least 0, as a share of the root mean square of a layer's outputs. With 0, and
            ReLU alone, the map is gradient × normalised image.

    Returns:
        maps float32 (n, height, width), signed, in logits; conservation_error.

    Raises:
        UnsupportedNetwork: the network has a layer without a rule.
    """
    return _propagated(network, images, targets, ("epsilon", epsilon), epsilon_rule(epsilon))


def lrp_alpha_beta(
    network: "Network", images: np.ndarray, targets: np.ndarray, alpha: float
) -> Attribution:
    """Attribute each target logit to pixels by the alpha-beta rule.

    Args:
        network: the network to explain.
        images: float32 (n, height, width, channels) in [0, 1].
        targets: int64 (n,), class indices.
        alpha: at least 1, what positive contributions weigh; beta, the negative ones', is
            alpha - 1. With alpha 1 the map has the logit's sign everywhere.

    Returns:
        maps float32 (n, height, width), signed, in logits; conservation_error.

    Raises:
        UnsupportedNetwork: the network has a layer without a rule.
    """
    return _propagated(network, images, targets, ("alpha-beta", alpha), alpha_beta_rule(alpha))


def _propagated(
    network: "Network", images: np.ndarray, targets: np.ndarray, key: tuple, rule: Rule
) -> Attribution:
    """Propagate the target's logit back by a rule."""
    import tensorflow as tf

    require_rules(network.model, rule.attends)

    def function(batch: Any, batch_targets: Any) -> tuple[Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(batch)
            outputs = graph.run(network.model, batch, rules(network.model, rule))
        logits = list(outputs.values())[-1]
        relevance = logits * tf.one_hot(batch_targets, logits.shape[-1], dtype=logits.dtype)
        pixels = tape.gradient(
            logits,
            batch,
            output_gradients=relevance,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return tf.reduce_sum(pixels, axis=-1), tf.reduce_sum(relevance, axis=-1)

    compiled = network.compiled(("lrp", *key), function)
    # The rules keep more of each layer than its gradient does: of large images, 2 GiB in all.
    size = network.batch_size if is_small(images.shape[1:3]) else max(1, network.batch_size // 2)
    maps, scores = network.in_batches(compiled, images, targets, size=size)
    sums = maps.sum(axis=(1, 2), dtype=np.float64)
    error = np.full(len(maps), np.nan)
    np.divide(np.abs(sums - scores), np.abs(scores), out=error, where=scores != 0)
    return Attribution(maps, {"conservation_error": error})


_EPSILON = Method(
    name="lrp_epsilon",
    label="LRP-ε",
    family="propagation",
    needs="layers",
    shows="the class score propagated back layer by layer, each neuron distributing its "
    "relevance in proportion to its inputs’ contributions",
    reference="Bach et al. 2015",
    address="doi:10.1371/journal.pone.0130140",
    definition="The logit handed back layer by layer, each neuron’s relevance shared out in "
    "proportion to its inputs’ contributions z_ij = x_i w_ij, less what ε and the bias take.",
    equation="R_i = Σ_j z_ij / (z_j ± ε) R_j (eq. 58); M = Σ_c R_c",
    deviations="ε is a share of the root mean square of a layer’s outputs; the paper’s is a "
    "number. Beyond the paper: batch normalisation is folded, residual sums are one "
    "neuron, gates take no relevance, layer normalisation divides by a constant, the first "
    "normalisation passes relevance on; attention’s products and softmax follow AttnLRP "
    "(Achtibat et al. 2024).",
    options=EpsilonOptions,
    explain=lrp_epsilon,
    numbers={
        "conservation_error": Number(
            label="conservation error",
            meaning="how far the map's sum is from the class score, as a share: what biases "
            "absorbed",
            caption="not conserved {:.0%}",
        )
    },
)

METHODS = (
    _EPSILON,
    replace(
        _EPSILON,
        name="lrp_alpha_beta",
        label="LRP-αβ",
        shows="the same, with positive and negative contributions distributed separately; "
        "smoother, and known to depend little on the class",
        definition="The logit handed back layer by layer, positive contributions weighted by α, "
        "negative ones by β = α − 1, each sign shared out in proportion.",
        equation="R_i = Σ_j (α z⁺_ij / z⁺_j − β z⁻_ij / z⁻_j) R_j (eq. 60); M = Σ_c R_c",
        deviations="A neuron whose contributions have one sign only gives them all of its "
        "relevance: zennit gives α times as much. Beyond the paper: as LRP-ε, but attention "
        "weights count as gates (Ali et al. 2022).",
        options=AlphaBetaOptions,
        explain=lrp_alpha_beta,
    ),
)
