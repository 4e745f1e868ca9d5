"""The families of methods, in the order of the report, and the stage that computes each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Methods of one idea.

    name: in the methods' records. stage: the stage family that computes them: one run of
    `stages.explain`, and a block of params.yaml under `explain`. title, meaning: for readers.
    """

    name: str
    stage: str
    title: str
    meaning: str


FAMILIES = (
    Family(
        "gradients",
        "gradients",
        "Gradients",
        "How the score would change if a pixel changed slightly, as it is or times the pixel’s "
        "value: one pass, but valid only close to the image.",
    ),
    Family(
        "noise",
        "gradients",
        "Gradients over noisy copies",
        "The mean or the variance of the gradient over many noisy copies of the image, so that "
        "what changes from copy to copy is averaged out or shown.",
    ),
    Family(
        "cam",
        "gradients",
        "Class activation maps",
        "The feature maps of one layer, weighted by their effect on the class: as coarse as "
        "that layer.",
    ),
    Family(
        "attention",
        "gradients",
        "Attention",
        "What a transformer’s tokens attend to, as it is or as far as it raises the score, in one "
        "layer or followed through all: as coarse as the grid of tokens. Attention is not "
        "explanation: the weights say where values come from, not what they do.",
    ),
    Family(
        "path",
        "gradients",
        "Gradients along a path",
        "The gradient integrated on the path from a baseline to the image, so that the values "
        "sum to the difference of the two scores, as closely as the steps or samples allow.",
    ),
    Family(
        "propagation",
        "gradients",
        "Backward propagation",
        "The score, or the gradient, propagated back layer by layer by rules that differ from "
        "the gradient’s; the rule decides what the map shows.",
    ),
    Family(
        "perturbation",
        "perturbation",
        "Perturbation",
        "Parts of the image are hidden and the prediction is computed again: it needs nothing "
        "but the network’s predictions, and many of them.",
    ),
    Family(
        "surrogate",
        "perturbation",
        "Surrogate models",
        "A linear model is fitted to the network’s predictions around one image, and is "
        "interpreted instead of the network.",
    ),
    Family(
        "shapley",
        "shapley",
        "Shapley values",
        "What a part adds to the score, averaged over the orders in which parts can be "
        "revealed. Exact values are infeasible for images; each method approximates them in its"
        " own way.",
    ),
)

# Each is a stage of its own, so that a cheap method is added without making the others again.
STAGE_FAMILIES = tuple(dict.fromkeys(family.stage for family in FAMILIES))
