"""Words for a student on maps, and on whether to believe them; see `words`."""

from heatproof.report.text.words import Term

MAPS = (
    Term(
        "attribution",
        "Attribution and heatmap",
        "An attribution gives every pixel a number: its part in the score of one class, as one "
        "method counts it. Drawn in colours it is a heatmap. Each is drawn on a scale of its own: "
        "compare places within a map, not the brightness of two maps.",
        ("cell#examples", "methods#methods"),
    ),
    Term(
        "target",
        "Explained class",
        "A map always answers “why this class?”. For a wrong answer there are two: for the class "
        "that was named, and for the true one.",
        ("cell#examples",),
    ),
    Term(
        "signed",
        "Signed map",
        "Red speaks for the class and blue against it, unless other colours are chosen. Where a "
        "map has no sign, a bright pixel matters, and the map does not say in which direction.",
        ("cell#examples",),
    ),
    Term(
        "saliency",
        "Saliency",
        "The size of the gradient: how strongly the score reacts to a small change of a pixel. A "
        "pixel can matter much and yet have a gradient near zero, where the score has levelled "
        "off.",
        ("cell#examples", "methods#methods"),
        "Simonyan et al. 2013, arXiv:1312.6034",
    ),
    Term(
        "baseline",
        "Baseline",
        "What stands for a missing pixel: black, the mean colour, or a blurred image. There is no "
        "neutral choice: against black, a black pixel cannot matter.",
        ("cell#trust", "methods#stability"),
        "Sturmfels et al. 2020, doi:10.23915/distill.00022",
    ),
    Term(
        "own-error",
        "A method’s own error",
        "Some methods promise something that can be checked, such as that the map sums to a "
        "difference of scores (completeness), or how well LIME’s linear model fits (R²). A broken "
        "promise speaks against a map; a kept one does not make it right.",
        ("cell#examples",),
    ),
    Term(
        "inside",
        "Filter, feature map, dead filter",
        "A filter is a small pattern that a convolution looks for everywhere in an image; a "
        "feature map says where it found it. A filter is dead where it found nothing in any of "
        "the images looked at.",
        ("cell#inside",),
    ),
    Term(
        "maximisation",
        "Activation maximisation",
        "An image made by gradient ascent so that a class or a filter responds as strongly as "
        "possible. It shows what the network responds to, which need not look like anything.",
        ("cell#inside",),
        "Erhan et al. 2009, Visualizing higher-layer features of a deep network",
    ),
    Term(
        "counterfactual",
        "Counterfactual and adversarial image",
        "A counterfactual is a changed image that gets another answer, with as small a change as "
        "was found; an adversarial image is changed so little that a person would not alter the "
        "answer.",
        ("cell#changes",),
        "Wachter et al. 2017, arXiv:1711.00399; Goodfellow et al. 2014, arXiv:1412.6572",
    ),
)

BELIEF = (
    Term(
        "localisation",
        "Localisation, and the planted patch",
        "Whether a map points at where the evidence is. That is known only where it was planted: "
        "a patch that alone decides the class. An object’s outline is a weaker mask, since a "
        "network may rightly use what is around it.",
        ("methods#truth", "cell#trust"),
        "Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008",
    ),
    Term(
        "deletion",
        "Deletion and insertion",
        "Pixels are taken away, or put back, the most relevant first; the area under the class’s "
        "probability says how fast it falls or rises. Images with holes are unlike all training "
        "images, so that part of the fall is due to that.",
        ("cell#trust", "methods#measures"),
        "Petsiuk et al. 2018, arXiv:1806.07421",
    ),
    Term(
        "morf",
        "MoRF–LeRF gap",
        "The area between the curves of taking the least and the most relevant pixels first "
        "(LeRF and MoRF). The damage that any removal does is in both curves, and goes out of the "
        "difference.",
        ("cell#trust", "methods#measures"),
        "Samek et al. 2017, arXiv:1509.06321",
    ),
    Term(
        "infidelity",
        "Infidelity",
        "How badly a map foretells what a change of the image does to the score: 0 is perfect, 1 "
        "no better than a map of zeros.",
        ("cell#trust", "methods#asked"),
        "Yeh et al. 2019, arXiv:1901.09392",
    ),
    Term(
        "randomisation",
        "Randomisation test",
        "The weights are made random and the map is made again. If it hardly changes, it does not "
        "depend on what was learned, however sensible it looks. Noise passes this test too: "
        "passing proves nothing, failing does.",
        ("cell#randomisation", "methods#measures", "methods#published"),
        "Adebayo et al. 2018, arXiv:1810.03292",
    ),
    Term(
        "shuffled",
        "Shuffled labels",
        "The same network trained on labels in random order can only learn by heart. A map that "
        "looks the same for both does not show what makes the classes.",
        ("cell#trust", "methods#asked"),
        "Adebayo et al. 2018, arXiv:1810.03292",
    ),
    Term(
        "sensitivity",
        "Sensitivity and shift",
        "How far a map moves when the image gets a little noise or moves by a pixel. A steady map "
        "need not be a right one: a map that never changes is the steadiest.",
        ("cell#trust", "methods#asked"),
        "Yeh et al. 2019, arXiv:1901.09392",
    ),
    Term(
        "simplicity",
        "Gini and entropy",
        "Whether few pixels hold most of a map. A short explanation is easier to read, and no "
        "more likely to be right.",
        ("cell#trust", "methods#asked"),
        "Chalasani et al. 2020, arXiv:1810.06583",
    ),
    Term(
        "control",
        "Control",
        "A map made without the network: noise, an edge filter, a spot in the middle, a constant. "
        "Where a measure ranks a control above most methods, it cannot tell a method from one that "
        "knows nothing. A test that controls pass, such as randomisation, can still be failed, and "
        "failing it tells something.",
        ("cell#trust", "methods#measures"),
    ),
    Term(
        "rank-correlation",
        "Rank correlation",
        "Spearman’s: 1 where two maps put the pixels in the same order, 0 where the orders have "
        "nothing to do with each other, −1 where one is the other turned round.",
        ("cell#trust", "methods#agreement"),
        "Spearman 1904, doi:10.2307/1412159",
    ),
    Term(
        "tau",
        "Mean rank and Kendall’s tau",
        "On each network the methods are ranked by a measure, 1 the best. Tau compares two such "
        "orders: 1 is the same, −1 the reverse, and 0.5 means that three of four pairs of methods "
        "keep their order.",
        ("methods#stability", "methods#measures"),
        "Kendall 1938, doi:10.1093/biomet/30.1-2.81",
    ),
    Term(
        "agreement",
        "Agreement of methods",
        "How alike two methods’ maps are. Methods that disagree cannot all be right; those that "
        "agree may share a mistake.",
        ("cell#trust", "methods#agreement"),
        "Krishna et al. 2022, arXiv:2202.01602",
    ),
)
