"""The glossary for a student: every term that the report uses, and the families of methods."""

from dataclasses import dataclass

from heatproof.report.text import methods
from heatproof.report.text.words import NETWORK, STUDY, Term
from heatproof.report.text.words_maps import BELIEF, MAPS


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
        "How the score would change if a pixel changed a little, as it is or times the pixel’s "
        "value: one pass, but only of the image’s nearest surroundings.",
        ("saliency", "gradient_times_input"),
    ),
    "noise": (
        "Gradients over noisy copies",
        "The gradient on many copies with noise, and of these the mean or the variance, so that "
        "what changes from copy to copy is averaged out or shown.",
        ("smoothgrad", "vargrad"),
    ),
    "cam": (
        "Class activation maps",
        "The feature maps of one layer, weighed by what they do for the class: as coarse as that "
        "layer.",
        ("gradcam", "gradcam_plus_plus", "layercam"),
    ),
    "path": (
        "Gradients along a path",
        "The gradient added up on the way from a baseline to the image, so that the parts make "
        "up the difference of the two scores, as nearly as the steps or samples allow.",
        (
            "integrated_gradients_black",
            "integrated_gradients_mean",
            "integrated_gradients_blurred",
            "gradient_shap",
        ),
    ),
    "propagation": (
        "Backward rules",
        "The score, or the gradient, handed back layer by layer by rules of its own; the rule "
        "decides what is seen.",
        ("guided_backprop", "lrp_epsilon", "lrp_alpha_beta", "deep_shap"),
    ),
    "perturbation": (
        "Covering parts",
        "Parts of the image are hidden, and the answer is asked again: it needs nothing but the "
        "network’s answers, and many of them.",
        ("occlusion", "rise"),
    ),
    "surrogate": (
        "A simple model in its place",
        "A linear model is fitted to the network’s answers around one image, and is read instead "
        "of it.",
        ("lime",),
    ),
    "shapley": (
        "Shapley values",
        "What a part adds to the score, averaged over the orders in which parts can be shown. "
        "Exact values are out of reach for images; each method approximates them in its own way.",
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
        Group("words-network", "How good a network is", NETWORK),
        Group("words-maps", "What it looks at", MAPS),
        Group("words-families", "The families of methods", family_terms()),
        Group("words-belief", "Which map to believe", BELIEF),
        Group("words-study", "The study", STUDY),
    )


def _named(method: str) -> str:
    known = methods.describe(method)
    return f"{known.label} ({known.reference})" if known.reference else known.label
