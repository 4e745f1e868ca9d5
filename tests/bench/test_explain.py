"""The explaining bench goes on without a side that is lost, and says so."""

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest

from bench.explain import OURS, Sides, measured
from bench.explaining.turns import Offer, SideLost
from bench.results import PROJECT

OPTIONS = Namespace(rounds=3, seconds=0.0, limit=1.0, images=4)


class Scripted:
    """A side whose answers are made up: library -> times of its turns; an error is raised."""

    def __init__(self, name: str, **libraries: list[float | SideLost]) -> None:
        self.name, self.stopped = name, False
        self.libraries: dict[str, Iterator[float | SideLost]] = {
            library.replace("_", " "): iter(turns) for library, turns in libraries.items()
        }

    def offered(self, method: str) -> list[str]:
        return list(self.libraries)

    def prepare(self, library: str, limit: float) -> Offer:
        return Offer(images=4) if library != "unfit" else Offer(reason="no such layer")

    def turn(self, library: str, seconds: float) -> list[float]:
        answer = next(self.libraries[library])
        if isinstance(answer, SideLost):
            raise answer
        return [answer]

    def stop(self) -> None:
        self.stopped = True


def own(**more: Any) -> Scripted:
    return Scripted(OURS, **{PROJECT: [1.0, 2.0, 3.0], "bare_passes": [0.5, 0.5, 0.5], **more})


def test_every_library_has_its_turn_in_every_round() -> None:
    sides = Sides([own(), Scripted("peers", fast=[2.0, 1.5, 1.9], far_slower=[9.0], unfit=[])])
    row = measured("net", "saliency", sides, OPTIONS)
    assert row.ours.rounds == [1.0, 2.0, 3.0]
    assert row.bare.rounds == [0.5] * 3
    # What is several times slower has one turn: its script has no more.
    assert {peer.library: peer.rounds for peer in row.peers} == {
        "fast": [2.0, 1.5, 1.9],
        "far slower": [9.0],
    }
    assert row.absent == {"unfit": "no such layer"}


def test_a_side_that_is_lost_takes_its_libraries_with_it_and_no_others() -> None:
    gone = Scripted("peers", first=[1.1, SideLost("no answer after 9 s")], second=[1.2, 1.2])
    stays = Scripted("others", third=[1.3, 1.3, 1.3])
    sides = Sides([own(), gone, stays])
    row = measured("net", "saliency", sides, OPTIONS)
    assert [peer.library for peer in row.peers] == ["third"]
    assert row.peers[0].rounds == [1.3] * 3
    assert row.absent == {"peers": "no answer after 9 s"}
    assert gone.stopped
    assert not stays.stopped
    # The next method is measured without it.
    assert "peers" in measured("net", "gradcam", Sides([own()], sides.lost), OPTIONS).absent
    assert gone not in sides.here


def test_there_is_no_going_on_without_the_project() -> None:
    lost = Scripted(OURS, **{PROJECT: [SideLost("it ended")]})
    with pytest.raises(SideLost, match="it ended"):
        measured("net", "saliency", Sides([lost]), OPTIONS)
