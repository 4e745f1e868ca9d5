import re

from heatproof.report import rendering

LEFT, TOP, RIGHT, BOTTOM = 46.0, 16.0, 316.0, 286.0


def bin_of(low, high, count, confidence, accuracy):
    span = {"low": low, "high": high, "count": count}
    return span | {"confidence": confidence, "accuracy": accuracy}


def drawn(*bins):
    values = {"e": {"reliability": bins, "ece": 0.1}, "few": 30, "root": ""}
    return rendering.environment().get_template("calibration.html").render(values)


def numbers(pattern, html):
    return [tuple(map(float, match.groups())) for match in re.finditer(pattern, html)]


def test_a_dot_lies_at_its_confidence_and_accuracy():
    html = drawn(bin_of(0, 0.5, 5, 0.25, 0.5), bin_of(0.5, 1, 500, 1.0, 1.0))
    low, high = numbers(r'<circle class="bin[^"]*" cx="([^"]*)" cy="([^"]*)"', html)
    assert low == (LEFT + 0.25 * (RIGHT - LEFT), (TOP + BOTTOM) / 2)
    assert high == (RIGHT, TOP)
    ideal = numbers(r'class="off" d="M(\S+) (\S+)V(\S+)"', html)
    assert ideal == [(113.5, BOTTOM - 0.25 * (BOTTOM - TOP), 151.0), (RIGHT, TOP, TOP)]
    assert numbers(r'class="bin-count".*? height="([^"]*)"', html) == [(1.0,), (40.0,)]
    assert html.count('class="bin few"') == html.count('class="bin"') == 1


def test_empty_bins_are_left_out():
    empty = bin_of(0, 0.5, 0, None, None)
    html = drawn(empty, bin_of(0.5, 1, 40, 0.9, 0.8))
    told = "confidence 50 to 100 %: 40 images, mean confidence 90.0 %, accuracy 80.0 %"
    assert f'aria-label="Reliability diagram. {told}"' in html
    assert html.count("<circle") == 1
    assert "Not evaluated yet." in drawn(empty)
