"""What the report says about each measure of an explanation, and about the controls beside it."""

from dataclasses import dataclass

from heatproof.statistics import numbers
from heatproof.trust.measures import better

TRUTH, FAITHFULNESS, SANITY = "Ground truth", "Faithfulness", "Sanity"
ROBUSTNESS, SIMPLICITY = "Robustness", "Simplicity"
GROUPS = (TRUTH, FAITHFULNESS, SANITY, ROBUSTNESS, SIMPLICITY)


@dataclass(frozen=True)
class Measure:
    """A measure's name in a table's head, its group, and what it asks, with its paper."""

    label: str
    group: str
    meaning: str


_SPEARMAN = "rank correlation of the sizes of the map’s values with the trained network’s map"
_SSIM = "structural similarity (SSIM) with the trained network’s map"

MEASURES = {
    "relevance_mass": Measure(
        "Mass in mask",
        TRUTH,
        "the share of the positive relevance that lies where the evidence is (Arras et al. 2022)",
    ),
    "relevance_rank": Measure(
        "Rank in mask",
        TRUTH,
        "of the most relevant pixels, as many as the evidence has, the share that lies on it "
        "(Arras et al. 2022)",
    ),
    "pointing_game": Measure(
        "Pointing game",
        TRUTH,
        "how often the most relevant pixel lies on the evidence (Zhang et al. 2018)",
    ),
    "deletion_probability": Measure(
        "Deletion",
        FAITHFULNESS,
        "the area under the class’s probability, as a share of its start, while the most relevant "
        "pixels are taken away first (Petsiuk et al. 2018)",
    ),
    "insertion_probability": Measure(
        "Insertion",
        FAITHFULNESS,
        "the same while they are put back first (ibid.)",
    ),
    "deletion_logit": Measure(
        "Deletion, logit",
        FAITHFULNESS,
        "deletion by the class’s logit over the mean of all logits",
    ),
    "insertion_logit": Measure(
        "Insertion, logit",
        FAITHFULNESS,
        "insertion by the class’s logit over the mean of all logits",
    ),
    "morf_lerf_gap": Measure(
        "MoRF–LeRF gap",
        FAITHFULNESS,
        "the area between taking the least and the most relevant pixels first: what the map’s "
        "order is worth, with the damage that any removal does left out (Samek et al. 2017)",
    ),
    "infidelity": Measure(
        "Infidelity",
        FAITHFULNESS,
        "how badly the map foretells what covering a square does to the score, at its best "
        "scale: 0 is perfect, 1 no better than a map of zeros (Yeh et al. 2019)",
    ),
    "infidelity_scaling": Measure(
        "Infidelity’s scale", FAITHFULNESS, "the factor at which the map foretells best"
    ),
    "randomised_spearman": Measure(
        "Random weights",
        SANITY,
        f"all layers random: {_SPEARMAN}, from −1 to 1; far from 0, the map hardly depends on "
        "what was learned (Adebayo et al. 2018)",
    ),
    "randomised_ssim": Measure("Random weights, SSIM", SANITY, f"all layers random: {_SSIM}"),
    "independent_spearman": Measure(
        "One layer random", SANITY, f"mean over layers made random one at a time: {_SPEARMAN}"
    ),
    "independent_ssim": Measure(
        "One layer random, SSIM", SANITY, f"mean over layers made random one at a time: {_SSIM}"
    ),
    "smooth_spearman": Measure(
        "Random weights, smooth",
        SANITY,
        "all layers random, both maps averaged over noisy copies of the image first: "
        f"{_SPEARMAN} (sMPRT, Hedström et al. 2024)",
    ),
    "smooth_ssim": Measure("Random weights, smooth, SSIM", SANITY, f"the same by {_SSIM} (sMPRT)"),
    "entropy_rise": Measure(
        "Entropy rise",
        SANITY,
        "how much more complex the map gets when all layers are random, as a share (eMPRT, "
        "Hedström et al. 2024)",
    ),
    "shuffled_spearman": Measure(
        "Shuffled labels",
        SANITY,
        "the network trained on labels in random order instead: rank correlation of both maps "
        "(Adebayo et al. 2018)",
    ),
    "shuffled_ssim": Measure(
        "Shuffled labels, SSIM", SANITY, f"the network trained on shuffled labels: {_SSIM}"
    ),
    "sensitivity_max": Measure(
        "Noise, most",
        ROBUSTNESS,
        "how far the map moves under small noise, as a share of its length, at most "
        "(max-sensitivity, Yeh et al. 2019)",
    ),
    "sensitivity_mean": Measure("Noise, mean", ROBUSTNESS, "the same on average"),
    "shift_max": Measure(
        "Shift, most",
        ROBUSTNESS,
        "the same at most when the image moves by one pixel and the map is moved back",
    ),
    "shift_mean": Measure("Shift, mean", ROBUSTNESS, "the same on average over four directions"),
    "gini": Measure(
        "Gini",
        SIMPLICITY,
        "how few pixels hold the map’s values: 0 all alike, 1 a single one (Chalasani et al. "
        "2020); short is not right",
    ),
    "entropy_share": Measure(
        "Entropy",
        SIMPLICITY,
        "how evenly the values are spread, of the most there can be (Bhatt et al. 2020)",
    ),
}
VARIANTS = {
    "black": "black",
    "mean": "mean colour",
    "blurred": "blurred",
    "noise": "noise",
}

# Those shown first: one of each kind. Where a cell has no masks or no shuffled twin, those lack.
COLUMNS = (
    *("relevance_mass", "relevance_rank", "pointing_game"),
    *("deletion_probability/black", "insertion_probability/black", "morf_lerf_gap/black"),
    *("infidelity/black", "randomised_spearman", "shuffled_spearman", "entropy_rise"),
    *("sensitivity_max", "shift_mean", "gini"),
)
TRUTHS = ("relevance_mass", "relevance_rank", "pointing_game")


@dataclass(frozen=True)
class Control:
    """A control's name, its name within a sentence, and what its map is."""

    label: str
    inline: str
    meaning: str


CONTROLS = {
    "random": Control("Noise", "noise", "a random number for each pixel"),
    "edges": Control(
        "Edge filter", "the edge filter", "the image’s own edges (Sobel), whatever the network is"
    ),
    "centre": Control(
        "Centre Gaussian", "the centre Gaussian", "a bright spot in the middle of any image"
    ),
    "constant": Control(
        "Constant map",
        "a constant map",
        "the same value everywhere; its pixels’ order is drawn by lot",
    ),
}


def describe(measure: str) -> Measure:
    """A measure's description, its variant in the label; a plain one where it is unknown."""
    name, _, variant = measure.partition("/")
    known = MEASURES.get(name) or Measure(name.replace("_", " "), "Other", "")
    if not variant:
        return known
    label = f"{known.label}, {VARIANTS.get(variant, variant.replace('_', ' '))}"
    return Measure(label, known.group, known.meaning)


def ordered(measures: list[str]) -> list[str]:
    """Measures by group, then in the order of `MEASURES`, unknown ones last by name."""
    names, variants = list(MEASURES), list(VARIANTS)

    def key(measure: str) -> tuple[int, int, str]:
        name, _, variant = measure.partition("/")
        place = names.index(name) if name in names else len(names)
        return place, variants.index(variant) if variant in variants else len(variants), measure

    return sorted(measures, key=key)


def wanted(measure: str) -> str:
    """Which way is better, in words; empty where neither is."""
    return {"higher": "more is better", "lower": "less is better"}.get(better(measure) or "", "")


def one_sided(measure: str) -> bool:
    """Say whether a measure is a test that a map which knows nothing may pass, as noise does.

    Passing it proves nothing then; failing it still does.
    """
    return describe(measure).group in (SANITY, ROBUSTNESS)


def consequence(measure: str) -> str:
    """What follows where a control ranks above most methods."""
    if one_sided(measure):
        return "passing this test proves nothing, failing it does"
    return "this column says nothing about methods"


def says_nothing(controls: list[str]) -> str:
    """Why a column says little of the methods: which controls rank above most of them."""
    names = [CONTROLS[c].inline if c in CONTROLS else c for c in controls]
    listed = numbers.listing(names)
    verb = "ranks" if len(names) == 1 else "rank"
    return f"{listed[0].upper()}{listed[1:]} {verb} above most methods here"
