"""Checkpoints are kept while a training writes them, and brought back elsewhere."""

import time
from pathlib import Path

import pytest

from heatproof.cluster import checkpoints
from heatproof.storage import resuming

RUN = "a-d"


@pytest.fixture(params=["folder", "remote"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> checkpoints.Place:
    if request.param == "folder":
        return checkpoints.Folder(tmp_path / "kept")
    from dvc.fs import LocalFileSystem

    return checkpoints.Remote(LocalFileSystem(), str(tmp_path / "kept"))


def written(clone: Path, name: str, content: str) -> None:
    """Write a file as a training does: another one in its place."""
    folder = clone / resuming.RESUME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part").write_text(content)
    (folder / "part").replace(folder / name)


def test_the_newest_is_brought_back_until_the_training_is_done(
    place: checkpoints.Place, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    keeper = checkpoints.Keeper(place, [RUN], first, 60)
    for epoch in ("1", "2"):
        written(first, f"{RUN}.npz", epoch)
        written(first, f"{RUN}.head.npz", epoch)
        written(first, f"{RUN}-seed2.npz", "another run's")
        keeper.keep()
    written(second, f"{RUN}.npz", "of an earlier attempt")
    assert sorted(checkpoints.fetch(place, RUN, second)) == [f"{RUN}.head.npz", f"{RUN}.npz"]
    assert (second / resuming.RESUME / f"{RUN}.npz").read_text() == "2"
    written(second, f"{RUN}.npz", "3")
    assert (first / resuming.RESUME / f"{RUN}.npz").read_text() == "2", "no file is shared"
    checkpoints.forget(place, RUN)
    assert place.names() == [] and checkpoints.fetch(place, RUN, tmp_path / "third") == []


def test_it_works_beside_a_training_and_a_lost_remote_does_not_stop_it(tmp_path: Path) -> None:
    class Lost(checkpoints.Folder):
        def put(self, path: Path) -> None:
            raise ConnectionError("the remote is gone")

    for place in (checkpoints.Folder(tmp_path / "kept"), Lost(tmp_path / "lost")):
        keeper = checkpoints.Keeper(place, [RUN], tmp_path / "clone", 60)
        keeper._seconds = 0.01
        with keeper:
            written(tmp_path / "clone", f"{RUN}.npz", "1")
            deadline = time.monotonic() + 10
            while not place.names() and not keeper.failure and time.monotonic() < deadline:
                time.sleep(0.01)
        assert keeper.failure == ("the remote is gone" if isinstance(place, Lost) else "")
        assert place.names() == ([] if isinstance(place, Lost) else [f"{RUN}.npz"])
