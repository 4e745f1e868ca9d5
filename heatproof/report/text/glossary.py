"""The glossary: every term that the report uses, and the families of methods."""

from dataclasses import dataclass

from heatproof.report.text import methods
from heatproof.report.text.terms import NETWORK, STUDY, Term
from heatproof.report.text.terms_maps import MAPS, TRUST


@dataclass(frozen=True)
class Group:
    """Terms that belong together."""

    id: str
    title: str
    terms: tuple[Term, ...]


# Each family in a sentence, and which methods are of it.
FAMILIES = {
    "gradients": (
        "Gradients",
        "How the score would change if a pixel changed slightly, as it is or times the pixel’s "
        "value: one pass, but valid only close to the image.",
        ("saliency", "gradient_times_input"),
    ),
    "noise": (
        "Gradients over noisy copies",
        "The mean or the variance of the gradient over many noisy copies of the image, so that "
        "what changes from copy to copy is averaged out or shown.",
        ("smoothgrad", "vargrad"),
    ),
    "cam": (
        "Class activation maps",
        "The feature maps of one layer, weighted by their effect on the class: as coarse as that "
        "layer.",
        ("gradcam", "gradcam_plus_plus", "layercam"),
    ),
    "path": (
        "Gradients along a path",
        "The gradient integrated on the path from a baseline to the image, so that the values sum "
        "to the difference of the two scores, as closely as the steps or samples allow.",
        (
            "integrated_gradients_black",
            "integrated_gradients_mean",
            "integrated_gradients_blurred",
            "gradient_shap",
        ),
    ),
    "propagation": (
        "Backward propagation",
        "The score, or the gradient, propagated back layer by layer by rules that differ from the "
        "gradient’s; the rule decides what the map shows.",
        ("guided_backprop", "lrp_epsilon", "lrp_alpha_beta", "deep_shap"),
    ),
    "perturbation": (
        "Perturbation",
        "Parts of the image are hidden and the prediction is computed again: it needs nothing but "
        "the network’s predictions, and many of them.",
        ("occlusion", "rise"),
    ),
    "surrogate": (
        "Surrogate models",
        "A linear model is fitted to the network’s predictions around one image, and is "
        "interpreted instead of the network.",
        ("lime",),
    ),
    "shapley": (
        "Shapley values",
        "What a part adds to the score, averaged over the orders in which parts can be revealed. "
        "Exact values are infeasible for images; each method approximates them in its own way.",
        ("gradient_shap", "deep_shap", "partition_shap"),
    ),
}


def family_terms() -> tuple[Term, ...]:
    """The families of methods, each with its methods' names and papers."""
    return tuple(
        Term(
            f"family-{name}",
            title,
            meaning,
            ("methods#methods", "cell#examples"),
            "; ".join(_named(member) for member in members),
        )
        for name, (title, meaning, members) in FAMILIES.items()
    )


def groups() -> tuple[Group, ...]:
    """The whole glossary in the order in which a page is read."""
    return (
        Group("terms-network", "How good a network is", NETWORK),
        Group("terms-maps", "Heat maps", MAPS),
        Group("terms-families", "Families of methods", family_terms()),
        Group("terms-trust", "Whether maps can be trusted", TRUST),
        Group("terms-study", "The study", STUDY),
    )


def _named(method: str) -> str:
    known = methods.describe(method)
    return f"{known.label} ({known.reference})" if known.reference else known.label
