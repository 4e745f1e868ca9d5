"""Blocks between nodes: computed once, found by the stage, gone when it is done."""

from pathlib import Path

import pytest

from heatproof.cluster.checkpoints import Folder
from tools import node_blocks

STAGE = "explain_gradients@a-d"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The blocks that were computed: a stage of two, in the current folder, a clone."""
    monkeypatch.chdir(tmp_path)
    computed: list[str] = []

    class Done:
        returncode = 0

    def program(command: list[str], env: dict[str, str], check: bool) -> Done:
        words = "-m stages.explain --cell a-d --family gradients --block"
        assert command[1:-1] == words.split()
        assert env["DVC_STAGE"] == STAGE, "so that it is refused where its inputs change"
        path = Path(".resume/blocks", STAGE, f"{command[-1]}.npz")
        if not path.exists() and int(command[-1]) < 2:
            computed.append(command[-1])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(command[-1])
        return Done()

    monkeypatch.setattr(node_blocks.subprocess, "run", program)
    return computed


def test_a_block_is_computed_once_wherever_and_the_stage_finds_all(ran, tmp_path: Path) -> None:
    place = Folder(tmp_path / "kept").within("blocks")
    assert [node_blocks.compute(STAGE, number, place) for number in (1, 0, 1, 2)] == [0] * 4
    assert ran == ["1", "0"]
    own = Path(".resume/blocks", STAGE)
    assert not list(own.iterdir()), "a clone keeps none, which another stage's may use up"
    node_blocks.bring([STAGE, "measure_gradients@a-d"], place)
    assert {path.name: path.read_text() for path in own.iterdir()} == {"0.npz": "0", "1.npz": "1"}
    node_blocks.forget([STAGE], place)
    assert place.within(STAGE).names() == []


def test_what_fails_is_told_and_nothing_is_kept(ran, tmp_path: Path, monkeypatch) -> None:
    class Failed:
        returncode = 2

    monkeypatch.setattr(node_blocks.subprocess, "run", lambda *words, **options: Failed())
    place = Folder(tmp_path / "kept")
    assert node_blocks.compute(STAGE, 0, place) == 2
    assert place.within(STAGE).names() == []
