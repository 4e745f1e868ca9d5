"""Glossary terms on heat maps, and on whether they can be trusted; see `terms`."""

from heatproof.report.text.terms import Term

MAPS = (
    Term(
        "attribution",
        "Attribution and heat map",
        "An attribution assigns every pixel a number: its contribution to the score of one class, "
        "as one method defines it. Its picture is a heat map. Each is drawn on a scale of its own: "
        "compare places within a map, not the brightness of two maps.",
        ("cell#examples", "methods#methods"),
    ),
    Term(
        "target",
        "Explained class",
        "A map always answers “why this class?”. An incorrect prediction is explained twice: for "
        "the predicted class and for the true one.",
        ("cell#examples",),
    ),
    Term(
        "signed",
        "Signed map",
        "Red is evidence for the class and blue against it, unless other colours are chosen. In a "
        "map without sign, a bright pixel matters, but not in which direction.",
        ("cell#examples",),
    ),
    Term(
        "saliency",
        "Saliency",
        "The magnitude of the gradient: how strongly the score reacts to a small change of a "
        "pixel. A pixel can matter a lot and yet have a gradient near zero, where the score is "
        "saturated.",
        ("cell#examples", "methods#methods"),
        "Simonyan et al. 2013, arXiv:1312.6034",
    ),
    Term(
        "baseline",
        "Baseline",
        "What replaces a removed pixel: black, the mean colour, or a blurred image. There is no "
        "neutral choice: against black, a black pixel cannot matter.",
        ("cell#trust", "methods#stability"),
        "Sturmfels et al. 2020, doi:10.23915/distill.00022",
    ),
    Term(
        "own-error",
        "A method’s own error",
        "Some methods guarantee something that can be checked, such as that the map sums to a "
        "difference of scores (completeness), or report how well they fit, as LIME’s linear model "
        "does (R²). A large error discredits a map; a small one does not make it right.",
        ("cell#examples",),
    ),
    Term(
        "features",
        "Filter, feature map, dead filter",
        "A filter is a small pattern that a convolution looks for everywhere in an image; a "
        "feature map shows where it was found. A filter is dead if it responds to none of the "
        "images tested.",
        ("cell#features",),
    ),
    Term(
        "maximisation",
        "Activation maximisation",
        "An image made by gradient ascent so that a class or a filter responds as strongly as "
        "possible. It shows what the network responds to, which need not look like anything.",
        ("cell#features",),
        "Erhan et al. 2009, Visualizing higher-layer features of a deep network",
    ),
    Term(
        "counterfactual",
        "Counterfactual and adversarial image",
        "A counterfactual is a changed image with another prediction, the change as small as "
        "possible; an adversarial image is changed so little that a person would still see the "
        "original class.",
        ("cell#counterfactuals",),
        "Wachter et al. 2017, arXiv:1711.00399; Goodfellow et al. 2014, arXiv:1412.6572",
    ),
)

TRUST = (
    Term(
        "localisation",
        "Localisation, and the planted patch",
        "Whether a map highlights the place of the evidence. That place is known only where it was "
        "planted: a patch that alone decides the class. An object’s outline is a weaker mask, "
        "since a network may rightly use what is around it.",
        ("methods#truth", "cell#trust"),
        "Arras et al. 2022, doi:10.1016/j.inffus.2021.11.008",
    ),
    Term(
        "deletion",
        "Deletion and insertion",
        "Pixels are removed, or inserted, in order of relevance; the area under the curve of the "
        "class’s probability shows how fast it falls or rises. Images with holes are unlike all "
        "training images, which causes part of the fall.",
        ("cell#trust", "methods#measures"),
        "Petsiuk et al. 2018, arXiv:1806.07421",
    ),
    Term(
        "morf",
        "MoRF–LeRF gap",
        "The area between the curves of removing the least and the most relevant pixels first "
        "(LeRF and MoRF). The damage that any removal does is in both curves, and cancels in the "
        "difference.",
        ("cell#trust", "methods#measures"),
        "Samek et al. 2017, arXiv:1509.06321",
    ),
    Term(
        "infidelity",
        "Infidelity",
        "How badly a map predicts the effect of a change of the image on the score: 0 is perfect, "
        "1 no better than a map of zeros.",
        ("cell#trust", "methods#meanings"),
        "Yeh et al. 2019, arXiv:1901.09392",
    ),
    Term(
        "randomisation",
        "Randomisation test",
        "The weights are randomised and the map is computed again. If it hardly changes, it does "
        "not depend on what was learned, however plausible it looks. Noise passes this test too: "
        "passing proves nothing, failing does.",
        ("cell#randomisation", "methods#measures", "methods#published"),
        "Adebayo et al. 2018, arXiv:1810.03292",
    ),
    Term(
        "shuffled",
        "Shuffled labels",
        "A network trained on shuffled labels can only memorise. A map that looks the same for it "
        "and for the usual network does not show what distinguishes the classes.",
        ("cell#trust", "methods#meanings"),
        "Adebayo et al. 2018, arXiv:1810.03292",
    ),
    Term(
        "sensitivity",
        "Sensitivity and shift",
        "How much a map changes when the image gets a little noise or moves by a pixel. A stable "
        "map need not be correct: a map that never changes is the most stable.",
        ("cell#trust", "methods#meanings"),
        "Yeh et al. 2019, arXiv:1901.09392",
    ),
    Term(
        "simplicity",
        "Gini and entropy",
        "Whether few pixels hold most of a map. A concise explanation is easier to read, and no "
        "more likely to be correct.",
        ("cell#trust", "methods#meanings"),
        "Chalasani et al. 2020, arXiv:1810.06583",
    ),
    Term(
        "control",
        "Control",
        "A map computed without the network: noise, an edge filter, a spot in the middle, a "
        "constant. A measure that ranks a control above most methods cannot distinguish a method "
        "from a map that knows nothing of the network. A test that controls pass, such as "
        "randomisation, is still informative about methods that fail it.",
        ("cell#trust", "methods#measures"),
    ),
    Term(
        "rank-correlation",
        "Rank correlation",
        "Spearman’s: 1 where two maps put the pixels in the same order, 0 where the orders are "
        "unrelated, −1 where one is the reverse of the other.",
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
        "How similar two methods’ maps are. Methods that disagree cannot all be right; those that "
        "agree may share a mistake.",
        ("cell#trust", "methods#agreement"),
        "Krishna et al. 2022, arXiv:2202.01602",
    ),
)
