import math

import pytest

from heatproof.statistics import numbers


@pytest.mark.parametrize(
    ("share", "images", "text"),
    [
        (0.98765, 10_000, "98.77 %"),
        (0.98765, 360, "98.8 %"),
        (1.0, 10_000, "100.00 %"),
        (0.0, None, "0.0 %"),
        (None, 10_000, "–"),
        (math.nan, 10_000, "–"),
    ],
)
def test_a_share_has_the_digits_its_images_carry(share, images, text):
    assert numbers.percent(share, images) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999.6, "1.00 k"),
        (1_234, "1.23 k"),
        (850_123, "850 k"),
        (999_700, "1.00 M"),
        (11_173_962, "11.2 M"),
        (356e6, "356 M"),
        (3.2e12, "3.20 T"),
        (None, "–"),
    ],
)
def test_amounts_have_three_digits_and_a_unit(value, text):
    assert numbers.amount(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04213, "0.042"),
        (0.998, "1.0"),
        (12.345, "12"),
        (0, "0"),
        (-1.26, "−1.3"),
        (2e-9, "2.0e−9"),
    ],
)
def test_significant_digits(value, text):
    assert numbers.significant(value, 2) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.03, "under 0.1 s"),
        (0.06, "0.1 s"),
        (4.04, "4.0 s"),
        (59.96, "1 min 00 s"),
        (492, "8 min 12 s"),
        (3599.7, "1 h 00 min"),
        (7499, "2 h 05 min"),
        (None, "–"),
    ],
)
def test_durations_are_in_units_a_person_would_use(seconds, text):
    assert numbers.duration(seconds) == text


def test_a_minus_is_typographic_and_zero_has_none():
    assert numbers.decimal(-0.126, 2) == "−0.13"
    assert numbers.decimal(-0.001, 2) == "0.00"


def test_intervals_name_the_unit_once():
    assert numbers.interval(0.9812, 0.9871, 10_000) == "98.12 to 98.71 %"
    assert numbers.interval(None, 0.9871) == "–"


def test_names_are_shown_on_one_line_with_control_characters_visible():
    assert numbers.printable("a\n b\x00c\x1b") == "a b\ufffdc\ufffd"
    assert numbers.printable("  ") == "(no name)"
    assert numbers.short("x" * 30, 22) == "x" * 21 + "…"
    assert numbers.short("brief") == "brief"


def test_counted_things_and_lists():
    assert numbers.plural(1, "class", "classes") == "1 class"
    assert numbers.plural(1200, "epoch") == "1,200 epochs"
    assert numbers.listing(["a"]) == "a"
    assert numbers.listing(["a", "b", "c"]) == "a, b and c"
