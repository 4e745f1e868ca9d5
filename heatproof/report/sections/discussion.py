"""Questions that a teacher would ask of the report: where to look, and a hint where it is general.

A hint is given only where the answer does not depend on this study's numbers.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is asked, the places to look at (as in `words`), and a hint; empty where none."""

    ask: str
    places: tuple[str, ...]
    hint: str = ""


QUESTIONS = (
    Question(
        "On one dataset, which networks can you not tell apart by their accuracy? What would you "
        "have to do to tell them apart?",
        ("index#leaderboard",),
        "Train each several times from other seeds, and compare their answers image by image "
        "rather than their intervals.",
    ),
    Question(
        "Which network would you put on a phone, and which figures on the leaderboard decided it?",
        ("index#leaderboard",),
        "Parameters bound the memory, FLOPs are a guide to the work; the milliseconds are of "
        "another machine than the phone.",
    ),
    Question(
        "Find a network whose training accuracy is far above its test accuracy. What do its "
        "curves look like, and what could be changed?",
        ("index#curves", "cell#curves"),
        "More or altered images (augmentation), a smaller network, dropout, or fewer epochs; the "
        "validation curve says from when on training no longer helped.",
    ),
    Question(
        "Pick the most frequent confusion of a network. Would a person make it too? Do the maps "
        "of such images show what misled the network?",
        ("cell#confusions", "cell#examples"),
    ),
    Question(
        "A network is right 99 times in 100 and 80 % sure on average. Is it well calibrated? "
        "Could a network that guesses be?",
        ("cell#calibration",),
        "The first is not: it is too modest. The second can be: it is calibrated if it says that "
        "it is as unsure as it is. Calibration and accuracy are two questions.",
    ),
    Question(
        "The wrong answers shown are the most confident ones. What would you conclude wrongly if "
        "you took them for typical mistakes?",
        ("cell#examples",),
        "That the network is usually sure when it errs. What is chosen by a rule shows what the "
        "rule asks for.",
    ),
    Question(
        "Two methods draw different maps of the same answer. Must one of them be wrong?",
        ("cell#agreement", "methods#methods"),
        "Not as such: one may show what a small change would do, the other what a pixel "
        "contributed compared with black. They answer different questions; but both cannot be "
        "“where the network looked”.",
    ),
    Question(
        "Why can gradient × input never mark a black pixel, and on which datasets does that "
        "matter?",
        ("methods#methods", "cell#examples"),
        "It multiplies by the pixel’s value, which is zero for black. On bright digits on black, "
        "the hole of a zero is evidence, and the method cannot say so.",
    ),
    Question(
        "An edge filter knows nothing of the network. By which measures does it do well, and what "
        "does that say about these measures?",
        ("methods#measures", "cell#trust"),
        "Objects have edges, so removing pixels at edges hurts any network. A measure that an "
        "edge filter passes rewards finding the object, not explaining the network.",
    ),
    Question(
        "A map barely changes when all weights are made random. Name two reasons.",
        ("cell#randomisation", "methods#published"),
        "The map may be made mostly of the image itself (its edges, or its pixels as a factor); "
        "or a measure of likeness is high because both maps are empty in the same places.",
    ),
    Question(
        "In the deletion test the image has holes that no training image has. How would you tell "
        "the network’s surprise at the holes from the loss of evidence?",
        ("cell#trust", "methods#asked"),
        "Take the least relevant pixels away first as well, and look at the difference (the "
        "MoRF–LeRF gap); use several baselines; retrain on images with holes (Hooker et al. 2019, "
        "arXiv:1806.10758).",
    ),
    Question(
        "Where the planted patch decides the class, which methods find it? Would you expect the "
        "same order on photographs?",
        ("methods#truth",),
        "A small, local, known piece of evidence is an easy case. Evidence in photographs may be "
        "spread out, or lie in what is around the object.",
    ),
    Question(
        "A doctor is shown a network’s answer with one heatmap and believes it more than before. "
        "What would you want to have tested first?",
        ("methods#measures", "methods#stability"),
        "That the map depends on the network (randomisation), that it foretells what removing "
        "pixels does, that the answer is calibrated, and that people decide better with the map "
        "than without it: the last is not measured here.",
    ),
    Question(
        "Choose a published claim that was not confirmed here. What speaks for an error in the "
        "claim, what for a difference in the training?",
        ("claims#verdicts", "index#run"),
    ),
)
