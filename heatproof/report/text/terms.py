"""Glossary terms on networks and on the study: what each means, its source, where it appears.

A place is a page and a part of it, such as `cell#calibration`; `cell` stands for the page of the
network that the guide reads as its example.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One entry. `id` is its anchor on the guide's page; `source` a paper, empty where none."""

    id: str
    name: str
    meaning: str
    places: tuple[str, ...]
    source: str = ""


NETWORK = (
    Term(
        "accuracy",
        "Test accuracy (top-1)",
        "The share of test images for which the class with the highest score is the true one. The "
        "test images were neither trained on nor used to choose the weights.",
        ("index#leaderboard", "cell#figures"),
    ),
    Term(
        "parts",
        "Training, validation and test images",
        "The weights are fitted to the training images; after each epoch, accuracy on the "
        "validation images decides which weights to keep; the test images are used once, at the "
        "end. Accuracy on training images reflects what was memorised as well as what was learned.",
        ("cell#curves", "index#provenance"),
    ),
    Term(
        "interval",
        "95 % confidence interval",
        "Here a percentile bootstrap: the test images are resampled with replacement many times, "
        "and the middle 95 % of the resulting values is the interval. It shows how far the value "
        "depends on which images of the same kind happened to be sampled. It does not show how "
        "another training would do, nor how the network does on images from elsewhere; and it is "
        "not a 95 % chance that the true value lies within this one interval: of 100 intervals "
        "computed in this way, about 95 contain it.",
        ("index#leaderboard", "cell#figures", "cell#trust"),
        "Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3",
    ),
    Term(
        "overlap",
        "Overlap of intervals",
        "“overlaps 1st” marks a network whose interval overlaps that of the first in rank: these "
        "images do not decide which of the two is better. Overlap does not prove that two networks "
        "are equally good: two intervals can overlap although the difference is significant, and "
        "networks tested on the same images are better compared image by image.",
        ("index#leaderboard",),
        "Schenker & Gentleman 2001, doi:10.1198/000313001317097960",
    ),
    Term(
        "f1",
        "Precision, recall and macro F1",
        "Precision: of the images predicted as a class, the share that belongs to it. Recall: of "
        "the images of a class, the share predicted as that class. F1 is the harmonic mean of "
        "both, and macro F1 the mean of F1 over the classes, so that a rare class counts as much "
        "as a frequent one.",
        ("cell#classes", "index#leaderboard"),
    ),
    Term(
        "confusion",
        "Confusion matrix",
        "Counts of images by true class (rows) and predicted class (columns). Entries off the "
        "diagonal are mistakes, and show which class was mistaken for which.",
        ("cell#confusion",),
    ),
    Term(
        "logits",
        "Logits",
        "The network’s raw scores, one per class, of any magnitude and sign. Softmax turns them "
        "into probabilities: the exponential of each, divided by the sum of all. Adding the same "
        "number to all logits changes no probability. Most methods here explain a logit.",
        ("cell#calibration", "cell#examples"),
    ),
    Term(
        "calibration",
        "Confidence and calibration error",
        "Confidence is the probability of the predicted class. A network is calibrated if its "
        "predictions with 90 % confidence are correct nine times out of ten. The expected "
        "calibration error (ECE) groups the predictions into bins by confidence and averages the "
        "difference between confidence and accuracy, weighted by images. It depends on the number "
        "of bins, and does not measure how many predictions are correct.",
        ("cell#calibration", "cell#figures"),
        "Guo et al. 2017, arXiv:1706.04599",
    ),
    Term(
        "cost",
        "Parameters and FLOPs",
        "Parameters are the network’s weights and biases; FLOPs the operations it needs per image. "
        "Both follow from its architecture alone. Few FLOPs need not mean a short time: that "
        "depends on the machine and on its kernels.",
        ("index#leaderboard", "cell#figures"),
    ),
    Term(
        "curves",
        "Epoch and training curve",
        "An epoch is one pass over the training images. Where training accuracy keeps rising and "
        "validation accuracy does not, the network memorises its images (overfitting).",
        ("cell#curves", "index#curves"),
    ),
    Term(
        "seed",
        "Seed",
        "The seed decides the split, the initial weights and the order of images. Another seed "
        "gives other weights and a slightly different accuracy. Every number on a network’s page "
        "is from one training, so the intervals do not include this variation.",
        ("index#provenance", "cell#settings"),
    ),
)

STUDY = (
    Term(
        "cell",
        "Cell",
        "One model on one dataset; each has a page of its own here.",
        ("index#leaderboard", "index#provenance"),
    ),
    Term(
        "budget",
        "Budget",
        "Which training schedule was used: “paper” is the published one, “cpu” a shorter one for "
        "two cores, “best” this project’s own schedule for higher accuracy. Results are comparable "
        "only within a budget.",
        ("index#provenance", "cell#settings"),
    ),
    Term(
        "claim",
        "Claim and verdict",
        "A published number or statement beside what was measured here. “Not tested at this "
        "budget”: the training was a different one, so that missing the number refutes nothing.",
        ("claims#verdicts", "index#claims"),
    ),
)
