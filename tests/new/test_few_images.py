"""Few pictures of each class, as `heatproof new` is asked for them."""

import pytest

from heatproof.new import few_images, proposal
from heatproof.run.errors import UserError

TRAINING = {"ants": 4, "bees": 9}


def test_numbers_are_in_order_and_none_may_be_given() -> None:
    assert few_images.numbers("3, 1,2", 5, TRAINING) == [1, 2, 3]
    assert few_images.numbers(" ", 5, TRAINING) == []
    assert few_images.seeds(42, 3) == [None, 43, 44] and few_images.seeds(42, 1) == [None]


@pytest.mark.parametrize(
    ("given", "draws", "message"),
    [
        ("0", 5, "--images-per-class 0: '0' is no whole number above 0; give some such as 1,5,20"),
        ("1,-5", 5, "'-5' is no whole number above 0"),
        ("1,few", 5, "'few' is no whole number above 0"),
        ("1,,2", 5, "'' is no whole number"),
        ("1.5", 5, "'1.5' is no whole number"),
        ("2,1,02", 5, "--images-per-class 2,1,02: 2 is listed twice; give each once"),
        ("", 7, "--draws 7: of how few pictures\\? give --images-per-class too"),
        ("1", 0, "--draws 0: expected 1 to 100"),
        ("1", 101, "--draws 101: expected 1 to 100"),
        ("1,4", 5, "the class 'ants' has 4 pictures to train with, .*; give at most 3"),
    ],
)
def test_what_cannot_be_drawn_is_a_message(given: str, draws: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        few_images.numbers(given, draws, TRAINING)


def test_how_long_it_takes_is_said() -> None:
    # Two numbers and all, three times each; the study's own run on all is counted elsewhere.
    (line,) = few_images.lines([1, 5], 3, {"net-birds": 20.0 - proposal.RUN_SECONDS})
    assert line.startswith("net-birds: 8 more trainings on few pictures")
    assert line.endswith("about 2 min 40 s")
    assert few_images.lines([], 3, {"net-birds": 20.0}) == []
