"""Questions that a teacher could ask about the report: where to look, and hints.

A hint is given only where the answer does not depend on this study's numbers.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A question, the places to look at (as in `terms`), and a hint; empty where none."""

    text: str
    places: tuple[str, ...]
    hint: str = ""


QUESTIONS = (
    Question(
        "On one dataset, which networks can you not distinguish by their accuracy? What would you "
        "have to do to distinguish them?",
        ("index#leaderboard",),
        "Train each several times with other seeds, and compare their predictions image by image "
        "rather than their intervals.",
    ),
    Question(
        "Which network would you deploy on a phone, and which numbers on the leaderboard decided "
        "it?",
        ("index#leaderboard",),
        "Parameters limit the memory, FLOPs are a guide to the work; the milliseconds were not "
        "measured on the phone.",
    ),
    Question(
        "Find a network whose training accuracy is far above its test accuracy. What do its "
        "curves look like, and what could be changed?",
        ("index#curves", "cell#curves"),
        "More or altered images (augmentation), a smaller network, dropout, or fewer epochs; the "
        "validation curve shows when training stopped helping.",
    ),
    Question(
        "Pick the most frequent confusion of a network. Would a person make it too? Do the maps "
        "of such images show what misled the network?",
        ("cell#confusions", "cell#examples"),
    ),
    Question(
        "A network is correct 99 times out of 100 and its mean confidence is 80 %. Is it well "
        "calibrated? Could a network that guesses be?",
        ("cell#calibration",),
        "The first is not: it is underconfident. The second can be: it is calibrated if its "
        "confidence is as low as its accuracy. Calibration and accuracy are different questions.",
    ),
    Question(
        "The incorrect predictions shown are the most confident ones. Which wrong conclusion would "
        "you draw if you took them for typical mistakes?",
        ("cell#examples",),
        "That the network is usually confident when it is wrong. Examples selected by a rule show "
        "what the rule selects.",
    ),
    Question(
        "Two methods draw different maps of the same prediction. Must one of them be wrong?",
        ("cell#agreement", "methods#methods"),
        "Not necessarily: one may show the effect of a small change, the other what a pixel "
        "contributed compared with black. They answer different questions; but both cannot be "
        "“where the network looked”.",
    ),
    Question(
        "Why can gradient × input never mark a black pixel, and on which datasets does that "
        "matter?",
        ("methods#methods", "cell#examples"),
        "It multiplies by the pixel’s value, which is zero for black. For bright digits on black, "
        "the hole of a zero is evidence that the method cannot show.",
    ),
    Question(
        "An edge filter knows nothing of the network. By which measures does it do well, and what "
        "does that say about these measures?",
        ("methods#measures", "cell#trust"),
        "Objects have edges, so removing pixels at edges hurts any network. A measure by which an "
        "edge filter does well rewards finding the object, not explaining the network.",
    ),
    Question(
        "A map barely changes when all weights are randomised. Name two reasons.",
        ("cell#randomisation", "methods#published"),
        "The map may consist mostly of the image itself (its edges, or its pixels as a factor); or "
        "the similarity is high because both maps are empty in the same places.",
    ),
    Question(
        "In the deletion test the image has holes that no training image has. How would you "
        "separate the network’s reaction to the holes from the loss of evidence?",
        ("cell#trust", "methods#meanings"),
        "Remove the least relevant pixels first as well, and look at the difference (the MoRF–LeRF "
        "gap); use several baselines; retrain on images with holes (Hooker et al. 2019, "
        "arXiv:1806.10758).",
    ),
    Question(
        "Where the planted patch decides the class, which methods find it? Would you expect the "
        "same order on photographs?",
        ("methods#truth",),
        "A small, local, known piece of evidence is an easy case. Evidence in photographs may be "
        "spread out, or lie around the object.",
    ),
    Question(
        "A doctor is shown a network’s prediction with a heat map and trusts it more than before. "
        "What would you want to have tested first?",
        ("methods#measures", "methods#stability"),
        "That the map depends on the network (randomisation), that it predicts the effect of "
        "removing pixels, that the network is calibrated, and that people decide better with the "
        "map than without it: the last is not measured here.",
    ),
    Question(
        "Choose a published claim that was not confirmed here. What suggests an error in the "
        "claim, and what a difference in the training?",
        ("claims#verdicts", "index#provenance"),
    ),
)
