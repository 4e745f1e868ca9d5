"""Trainings on few pictures of each class, as a new study asks for them."""

from collections.abc import Mapping

from heatproof.new import proposal
from heatproof.run.errors import UserError, escaped
from heatproof.statistics.numbers import duration, plural

DRAWS, MAX_DRAWS = 5, 100


def numbers(given: str, draws: int, training: Mapping[str, int]) -> list[int]:
    """Return how few pictures of each class networks are trained on too, ascending.

    Args:
        given: with commas between; none where it is empty.
        draws: for each number.
        training: pictures of each class to train with, those to validate with included.

    Raises:
        UserError: one is no number, comes twice, or is more than a class has; or there are no
            draws, or too many.
    """
    words = [word.strip() for word in given.split(",")] if given.strip() else []
    where = f"--images-per-class {escaped(given)}"
    for word in words:
        if not (word.isascii() and word.isdigit() and int(word)):
            what = escaped(repr(word))
            raise UserError(f"{where}: {what} is no whole number above 0; give some such as 1,5,20")
    try:
        found = sorted(different([int(word) for word in words]))
    except ValueError as error:
        raise UserError(f"{where}: {error}; give each once") from None
    if not 1 <= draws <= MAX_DRAWS:
        raise UserError(f"--draws {draws}: expected 1 to {MAX_DRAWS}")
    if not found and draws != DRAWS:
        raise UserError(f"--draws {draws}: of how few pictures? give --images-per-class too")
    smallest = min(training, key=lambda name: training[name])
    # One picture is left to validate with.
    if found and found[-1] >= training[smallest]:
        raise UserError(
            f"{where}: the class {escaped(repr(smallest))} has {training[smallest]:,} pictures to "
            f"train with, one of which is to validate with; give at most {training[smallest] - 1:,}"
        )
    return found


def different(given: list[int]) -> list[int]:
    """Refuse a number that is listed twice. Raises ValueError."""
    for number in given:
        if given.count(number) > 1:
            raise ValueError(f"{number} is listed twice")
    return given


def seeds(first: int, count: int) -> list[int | None]:
    """Return so many seeds for the runs of a study; None for its own, `first`."""
    return [None, *range(first + 1, first + count)]


def lines(few: list[int], draws: int, seconds: Mapping[str, float]) -> list[str]:
    """Say how long the trainings on few pictures, and of further seeds on all, will take.

    Args:
        few: pictures of each class.
        draws: of each number, and of all.
        seconds: that one training of each cell takes; one on few pictures takes as long.
    """
    more = (len(few) + 1) * draws - 1 if few else 0
    return [
        f"{cell}: {plural(more, 'more training')} on few pictures of each class, and on all, about "
        f"{duration(more * (each + proposal.RUN_SECONDS))}"
        for cell, each in seconds.items()
        if more
    ]
