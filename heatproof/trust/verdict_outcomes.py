"""The tests of a method, each with its outcome and why, in words: what a verdict is made of.

A test of several measures passes where the method is beyond every control by more than half of
them, and fails where it is behind one by more than half (`beside_controls`); otherwise it is open,
as where the measures disagree.

Learning is judged by how much of the order of a map's pixels is the same after the weights were
made random, or the labels before training: the square of the rank correlation is the share of the
ranks' variance that the one map explains of the other. Above a half, more of the order comes from
elsewhere than from what was learned; the 95 % interval has to lie above it to fail, and below it
to pass. Of slow methods these are few images (`assess.slow_methods`), four by default, two of large
images, so that the interval is wide; the reason says how many.

By the same half a map that was moved on purpose fails, where less than that is left of its order
after a change of the image too small to see that leaves the prediction (`measures.manipulation`);
one whose order is turned round has nothing left. Methods whose maps have no gradient are not
tried, and pass no test for that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from heatproof.statistics import numbers
from heatproof.statistics.known import known
from heatproof.trust.beside_controls import FAITHFUL, STABLE, TRUE
from heatproof.trust.controls import CONTROLS
from heatproof.trust.measure import BASELINE_LABELS, base
from heatproof.trust.registry import MEASURES

LEARNED, LIBRARIES, HELD = "learned", "libraries", "held"
LABELS = {
    FAITHFUL: "Beyond every control",
    LEARNED: "Depends on what was learned",
    TRUE: "Right where the truth is known",
    STABLE: "Stable",
    HELD: "Hard to manipulate",
    LIBRARIES: "Agrees with the libraries",
}
FORGOTTEN = {
    "randomised_spearman": "the map after all weights were made random",
    "shuffled_spearman": "the map of the network trained on shuffled labels",
}
OF = {FAITHFUL: "faithfulness", TRUE: "the truth", STABLE: "stability"}
NAMED = 2  # measures, or controls, in a sentence; of more the rest are counted
HALF = 0.5  # of the variance of a map's ranks: see above

Result = Literal["passed", "failed", "open"]


@dataclass(frozen=True)
class Outcome:
    """A test of a method: its result, and why in a clause.

    few: on how many images it rests, where these are fewer than those of the other tests; else 0.
    """

    name: str
    result: Result
    said: str
    few: int = 0

    @property
    def label(self) -> str:
        """What a passed test says of a method."""
        return LABELS[self.name]


def outcomes_of(
    name: str, assess: Mapping[str, Any], crosscheck: Mapping[str, Any]
) -> tuple[Outcome, ...]:
    """Return the tests that there are of a method or a control, as they are shown."""
    compared = assess["tests"]
    found = (
        _compared(FAITHFUL, name, compared),
        _learned(name, assess["measures"], assess.get("images", 0)),
        _compared(TRUE, name, compared),
        _compared(STABLE, name, compared),
        _held(name, assess["measures"], assess.get("images", 0)),
        _libraries(name, crosscheck),
    )
    return tuple(each for each in found if each is not None)


def _compared(test: str, name: str, compared: Mapping[str, Any]) -> Outcome | None:
    """Return the outcome of a test of several measures: by more than half of them."""
    if test not in compared or name not in compared[test]["methods"]:
        return None
    total, own = len(compared[test]["measures"]), compared[test]["methods"][name]
    beyond, behind = len(own["beyond"]), own["behind"]
    of = f"of {numbers.plural(total, 'measure')} of {OF[test]}"
    if 2 * len(behind) > total:
        return Outcome(test, "failed", f"{_as_good(behind)} as good by {len(behind)} {of}")
    controls = "noise" if test == STABLE else "every control"
    passed = 2 * beyond > total
    counted = beyond if passed else f"only {beyond}" if beyond else "none"
    said = f"better than {controls} by {counted} {of}"
    if behind:
        said += f"; {_as_good(behind)} as good by {_listed(behind)}"
    return Outcome(test, "passed" if passed else "open", said)


def _as_good(behind: Mapping[str, list[str]]) -> str:
    """Name the controls that are as good by some measure, if they are few, with their verb."""
    found = list(dict.fromkeys(control for each in behind.values() for control in each))
    if len(found) > NAMED:
        return "controls, which know nothing of the network, are"
    verb = "is" if len(found) == 1 else "are"
    return f"{numbers.listing([CONTROLS[each].inline for each in found])} {verb}"


def _measure(name: str) -> str:
    """Return a measure's label, with its variant."""
    variant = name.partition("/")[2]
    label = MEASURES[base(name)].label
    return f"{label} ({BASELINE_LABELS.get(variant, variant)})" if variant else label


def _listed(names: Iterable[str]) -> str:
    """Name the first measures, and count the others."""
    labels = [_measure(name) for name in names]
    more = len(labels) - NAMED
    return numbers.listing([*labels[:NAMED], *([f"{more} more"] if more > 0 else [])])


def _learned(name: str, measures: Mapping[str, Any], images: int) -> Outcome | None:
    """Return whether less than half of a map's order is left where nothing was learned."""
    found: list[tuple[Result, str, int]] = []
    for measure, which in FORGOTTEN.items():
        said = measures.get(measure, {}).get(name)
        if not said or not known(said["mean"]):
            continue
        # Without an interval, as of one image, there is nothing to be sure of.
        low, high = (said[end] if known(said[end]) else None for end in ("low", "high"))
        few = f" ({numbers.plural(said['images'], 'image')})"
        words = f"its rank correlation with {which} is {numbers.decimal(said['mean'], 2)}{few}"
        fewer = said["images"] if said["images"] < images else 0
        found.append((_share_left(low, high), words, fewer))
    if not found:
        return None
    for result in ("failed", "open"):
        for each, words, fewer in found:
            if each == result:
                return Outcome(LEARNED, result, words, fewer)
    return Outcome(LEARNED, "passed", *found[0][1:])


def _share_left(low: float | None, high: float | None) -> Result:
    """Compare the square of a correlation, known by its interval, with a half."""
    if low is None or high is None:
        return "open"
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    if nearest**2 > HALF:
        return "failed"
    return "passed" if max(abs(low), abs(high)) ** 2 < HALF else "open"


def _held(name: str, measures: Mapping[str, Any], images: int) -> Outcome | None:
    """Return whether at least half of a map's order is left where it was moved on purpose."""
    said = measures.get("manipulated_spearman", {}).get(name)
    if not said or not known(said["mean"]):
        return None
    few = numbers.plural(said["images"], "image")
    words = (
        "after a change of the image too small to see that leaves the prediction, its map’s rank "
        f"correlation with what it was is {numbers.decimal(said['mean'], 2)} ({few})"
    )
    noise = measures.get("noise_spearman", {}).get(name)
    if noise and known(noise["mean"]):
        words += f"; after noise of that size {numbers.decimal(noise['mean'], 2)}"
    result: Result = "open"
    if known(said["low"]) and known(said["high"]):
        low, high = (max(0.0, said[end]) ** 2 for end in ("low", "high"))
        result = "failed" if high < HALF else "passed" if low > HALF else "open"
    return Outcome(HELD, result, words, said["images"] if said["images"] < images else 0)


def _libraries(name: str, crosscheck: Mapping[str, Any]) -> Outcome | None:
    """Return whether a library's own map of this network is the same, where one has the method."""
    check = crosscheck.get("checks", {}).get(name, {})
    library = check.get("library", "")
    match check.get("verdict"):
        case "agrees":
            return Outcome(LIBRARIES, "passed", f"{library} gives the same map")
        case "on_purpose":
            said = f"{library} defines it otherwise, and agrees under its own definition"
            return Outcome(LIBRARIES, "passed", said)
        case "differs":
            return Outcome(LIBRARIES, "failed", f"{library} gives another map")
    return None
