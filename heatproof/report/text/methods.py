"""What the report says about each explanation method. One entry a method."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A method's name, one sentence on what its map shows, and its paper.

    `overlay`: the map is coarse and is laid over the image; a fine one stands beside it.
    `unit`: of the map's values; what a unit of brightness is, `PER_BRIGHTNESS` says.
    """

    label: str
    shows: str
    reference: str = ""
    address: str = ""
    overlay: bool = False
    unit: str = "logits"


# Of a gradient: how fast the logit rises as a pixel goes from black (0) to white (1).
PER_BRIGHTNESS = "logits/unit"

METHODS = {
    "saliency": Method(
        "Saliency",
        "how strongly the class score reacts to a small change of each pixel (the size of the "
        "gradient); it says where the score is sensitive, not whether a pixel speaks for or "
        "against the class",
        "Simonyan et al. 2013",
        "arXiv:1312.6034",
        unit=PER_BRIGHTNESS,
    ),
    "gradcam": Method(
        "Grad-CAM",
        "which regions of the last convolutional layer raise the class score; that layer is "
        "coarse, so the map is enlarged to the image and blurred by it",
        "Selvaraju et al. 2017",
        "arXiv:1610.02391",
        overlay=True,
    ),
    "gradcam_plus_plus": Method(
        "Grad-CAM++",
        "the same regions, with every place weighed by itself, so that several small parts of the "
        "class can show and not only the largest",
        "Chattopadhyay et al. 2018",
        "arXiv:1710.11063",
        overlay=True,
    ),
    "layercam": Method(
        "LayerCAM",
        "where a feature is present and more of it at that very place would raise the class score; "
        "finer than Grad-CAM where the layer is fine",
        "Jiang et al. 2021",
        "doi:10.1109/TIP.2021.3089943",
        overlay=True,
    ),
    "smoothgrad": Method(
        "SmoothGrad",
        "the gradient averaged over noisy copies of the image, then its size: what is left of "
        "saliency when its fine speckle cancels out",
        "Smilkov et al. 2017",
        "arXiv:1706.03825",
        unit=PER_BRIGHTNESS,
    ),
    "vargrad": Method(
        "VarGrad",
        "how much the gradient varies between noisy copies of the image: where the score's "
        "dependence on a pixel is unsteady, which is often along edges",
        "Adebayo et al. 2018",
        "arXiv:1810.03292",
        unit=f"({PER_BRIGHTNESS})²",
    ),
    "gradient_times_input": Method(
        "Gradient × input",
        "the gradient times the pixel's value: what a pixel contributes if the network were "
        "linear; a black pixel always gets zero",
        "Shrikumar et al. 2016",
        "arXiv:1605.01713",
    ),
    "integrated_gradients_black": Method(
        "IG from black",
        "Integrated Gradients: what each pixel adds to the class score on the way from a black "
        "image to this one; the map sums to the difference of the two scores, and a black pixel "
        "always gets zero",
        "Sundararajan et al. 2017",
        "arXiv:1703.01365",
    ),
    "integrated_gradients_mean": Method(
        "IG from mean colour",
        "the same from an image of the training data's mean colour: black pixels can speak too",
        "Sundararajan et al. 2017",
        "arXiv:1703.01365",
    ),
    "integrated_gradients_blurred": Method(
        "IG from a blur",
        "the same from a blurred copy of the image: what its fine structure adds",
        "Sundararajan et al. 2017; Fong & Vedaldi 2017",
        "arXiv:1703.01365",
    ),
    "guided_backprop": Method(
        "Guided backprop",
        "a gradient that lets only positive signals back through each ReLU: crisp, but it draws "
        "much the same edges for any class and even for an untrained network",
        "Springenberg et al. 2014",
        "arXiv:1412.6806",
        unit=PER_BRIGHTNESS,
    ),
    "lrp_epsilon": Method(
        "LRP-ε",
        "the class score handed back layer by layer, each neuron sharing what it got in "
        "proportion to what it was given",
        "Bach et al. 2015",
        "doi:10.1371/journal.pone.0130140",
    ),
    "lrp_alpha_beta": Method(
        "LRP-αβ",
        "the same, with what spoke for a neuron and what spoke against it shared out apart; "
        "smoother, and known to depend little on the class",
        "Bach et al. 2015",
        "doi:10.1371/journal.pone.0130140",
    ),
    "occlusion": Method(
        "Occlusion",
        "how far the class score falls when a small square of the image is covered",
        "Zeiler & Fergus 2013",
        "arXiv:1311.2901",
    ),
    "rise": Method(
        "RISE",
        "the class score that an image keeps, on average, when a pixel is among those shown and "
        "others are hidden by random masks; the fewer masks, the more noise",
        "Petsiuk et al. 2018",
        "arXiv:1806.07421",
    ),
    "lime": Method(
        "LIME",
        "the weights of a linear model of the network's answers to copies of the image in which "
        "superpixels are switched off; it is worth what that model's fit is worth",
        "Ribeiro et al. 2016",
        "arXiv:1602.04938",
    ),
    "gradient_shap": Method(
        "GradientSHAP",
        "gradients averaged on random ways from training images to this one, times the way: an "
        "estimate of each pixel's Shapley value",
        "Erion et al. 2019; Lundberg & Lee 2017",
        "arXiv:1906.10670",
    ),
    "deep_shap": Method(
        "DeepSHAP",
        "differences from training images handed back layer by layer: an approximation of each "
        "pixel's Shapley value whose sum is exact",
        "Lundberg & Lee 2017; Shrikumar et al. 2017",
        "arXiv:1704.02685",
    ),
    "partition_shap": Method(
        "PartitionSHAP",
        "Owen values: the image is split again and again, and each part gets what it adds when it "
        "is shown, averaged over what else is",
        "Lundberg & Lee 2017; Owen 1977",
        "arXiv:1705.07874",
    ),
}

# What a method says of its own error: how it is called, and what it means.
NUMBERS = {
    "completeness_error": (
        "completeness error",
        "how far the map's sum is from the difference of the scores it must make up, as a share",
    ),
    "steps": ("steps", "points on the way at which the gradient was taken"),
    "conservation_error": (
        "conservation error",
        "how far the map's sum is from the class score, as a share: what biases kept",
    ),
    "relative_error": (
        "sampling error",
        "the map's standard error over the masks, as a share of the map's own spread",
    ),
    "idle_segments": ("idle superpixels", "parts that look the same switched off"),
    "split_half_correlation": (
        "agreement of halves",
        "rank correlation of the maps from either half of the masks: 1 is no noise",
    ),
    "r2": ("local R²", "how much of the network's answers the linear model accounts for"),
    "segments": ("superpixels", "how many parts the image was split into"),
    "stability": ("stability", "correlation of the maps of different random seeds: 1 is the same"),
    "additivity_gap": (
        "additivity gap",
        "how far the map's sum is from the difference of the scores it must make up, as a share",
    ),
}

# The one to show under each map, and how.
BESIDE = {
    "completeness_error": "error {:.1%}",
    "conservation_error": "not conserved {:.0%}",
    "split_half_correlation": "halves agree {:.2f}",
    "r2": "R² {:.2f}",
    "additivity_gap": "gap {:.1%}",
}


def describe(method: str) -> Method:
    """A method's description; a plain one where the report does not know the method yet."""
    return METHODS.get(method) or Method(
        method, "this method's attribution of the class score", unit=""
    )


def ordered(methods: list[str]) -> list[str]:
    """Methods in the order of `METHODS`, unknown ones after them by name."""
    known = list(METHODS)
    return sorted(methods, key=lambda m: (known.index(m) if m in known else len(known), m))


def number(name: str) -> tuple[str, str]:
    """What a method's own number is called and what it means; its plain name where unknown."""
    return NUMBERS.get(name) or (name.replace("_", " "), "")


def beside(own: dict[str, float]) -> str:
    """What stands under one map of the method's own error on it; empty where it says nothing."""
    shown = [
        BESIDE[name].format(value).replace("%", " %")
        for name, value in own.items()
        if name in BESIDE and math.isfinite(value)
    ]
    return ", ".join(shown[:1])
