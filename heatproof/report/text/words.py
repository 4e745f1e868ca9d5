"""Words for a student on networks and on the study: what each means, who says so, where it appears.

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
        "The weights are fitted to the training images; after each epoch the validation images "
        "tell which weights to keep; the test images are looked at once, at the end. Accuracy on "
        "training images says what was memorised as well as what was learned.",
        ("cell#curves", "index#run"),
    ),
    Term(
        "interval",
        "95 % confidence interval",
        "Here a percentile bootstrap: the test images are drawn again with replacement, many "
        "times, and the middle 95 % of the figures so obtained are kept. It says how far the "
        "figure depends on which images of the same kind happened to be drawn. It does not say how "
        "another training would do, nor how the network does on images from elsewhere; and it is "
        "not a 95 % chance that the true value lies within this one interval: intervals made in "
        "this way hold it in about 95 of 100 such samples.",
        ("index#leaderboard", "cell#figures", "cell#trust"),
        "Efron & Tibshirani 1993, An Introduction to the Bootstrap, section 13.3",
    ),
    Term(
        "overlap",
        "Overlap of intervals",
        "“overlaps 1st” marks a network whose interval reaches into that of the first in rank: "
        "their order is not settled by these images. Overlap does not prove that two networks are "
        "equally good; two intervals can overlap although the difference is clear, and networks "
        "that answered the same images are better compared image by image.",
        ("index#leaderboard",),
        "Schenker & Gentleman 2001, doi:10.1198/000313001317097960",
    ),
    Term(
        "f1",
        "Precision, recall and macro F1",
        "Precision: of what was called a class, the share that is of it. Recall: of a class, the "
        "share that was found. F1 is the harmonic mean of both, and macro F1 the mean of F1 over "
        "the classes, so that a rare class counts as much as a frequent one.",
        ("cell#classes", "index#leaderboard"),
    ),
    Term(
        "confusion",
        "Confusion matrix",
        "Counts of images by true class (rows) and by the class that the network named (columns). "
        "What is off the diagonal is a mistake, and shows which class was taken for which.",
        ("cell#confusion",),
    ),
    Term(
        "logits",
        "Logits",
        "The network’s raw scores, one a class, of any size and sign. Softmax turns them into "
        "probabilities: it takes the exponential of each and divides by the sum. Adding the same "
        "number to all logits changes no probability. Most methods here explain a logit.",
        ("cell#calibration", "cell#examples"),
    ),
    Term(
        "calibration",
        "Confidence and calibration error",
        "Confidence is the probability of the class that the network named. It is calibrated where "
        "answers of 90 % confidence are right nine times in ten. The expected calibration error "
        "(ECE) sorts the answers into bins by confidence and takes the mean distance between "
        "confidence and accuracy, weighted by images. It depends on the number of bins, and says "
        "nothing of how many answers are right.",
        ("cell#calibration", "cell#figures"),
        "Guo et al. 2017, arXiv:1706.04599",
    ),
    Term(
        "cost",
        "Parameters and FLOPs",
        "Parameters are the numbers that the network has; FLOPs the operations it needs for one "
        "image. Both follow from its architecture alone. Few FLOPs need not mean a short time: "
        "that depends on the machine and on its kernels.",
        ("index#leaderboard", "cell#figures"),
    ),
    Term(
        "curves",
        "Epoch and training curve",
        "An epoch is one pass over the training images. Where training accuracy goes on rising and "
        "validation accuracy does not, the network learns its images by heart (overfitting).",
        ("cell#curves", "index#curves"),
    ),
    Term(
        "seed",
        "Seed, and one training",
        "The seed decides the split, the first weights and the order of images. Another seed gives "
        "other weights and a somewhat other accuracy. Every figure on a network’s page is of one "
        "training, so that this variation is not in the intervals.",
        ("index#run", "cell#settings"),
    ),
)

STUDY = (
    Term(
        "cell",
        "Cell",
        "One network on one dataset: what has a page of its own here.",
        ("index#leaderboard", "index#run"),
    ),
    Term(
        "budget",
        "Budget",
        "Which schedule was trained: “paper” is the published one, “cpu” a shorter one for two "
        "cores, “best” one of this project’s own for more accuracy. A figure belongs to its "
        "budget.",
        ("index#run", "cell#settings"),
    ),
    Term(
        "claim",
        "Claim and verdict",
        "A published figure or sentence beside what was measured here. “Not tested at this "
        "budget”: the training was another one, so that missing the figure refutes nothing.",
        ("claims#verdicts", "index#claims"),
    ),
)
