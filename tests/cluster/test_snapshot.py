"""What nodes check out: the commit, or the folder as it is, and never results."""

import subprocess
from pathlib import Path

import pytest

from heatproof.cluster import snapshot
from heatproof.run.errors import UserError


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@example.org")
    (folder / ".gitignore").write_text("/data/\n")
    (folder / "params.yaml").write_text("seed: 1\n")
    (folder / "dvc.lock").write_text("first\n")
    (folder / "gone.py").write_text("")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "A study")
    (folder / "params.yaml").write_text("seed: 2\n")
    git(folder, "commit", "-q", "-a", "-m", "Another seed")
    return folder


def test_a_clean_folder_is_its_commit_without_those_before(study: Path, tmp_path: Path) -> None:
    (study / "dvc.lock").write_text("results are no change\n")
    (study / "metrics").mkdir()
    (study / "metrics" / "one.json").write_text("{}")
    taken = snapshot.take(study)
    assert not taken.changed and taken.commit == git(study, "rev-parse", "HEAD")
    clone = tmp_path / "clone"
    snapshot.unpack(taken, clone)
    assert (clone / "params.yaml").read_text() == "seed: 2\n"
    assert (clone / "dvc.lock").read_text() == "first\n" and not (clone / "metrics").exists()
    assert git(clone, "rev-list", "--count", "HEAD") == "1"
    assert git(clone, "status", "--porcelain") == ""


def test_a_changed_folder_is_a_snapshot_outside_all_branches(study: Path, tmp_path: Path) -> None:
    head, index = git(study, "rev-parse", "HEAD"), (study / ".git" / "index").read_bytes()
    (study / "params.yaml").write_text("seed: 3\n")
    (study / "new é.py").write_text("1\n")
    (study / "gone.py").unlink()
    (study / "data").mkdir()
    (study / "data" / "large").write_text("ignored")
    (study / "photos.bin").write_bytes(bytes(snapshot.LARGEST + 1))
    taken = snapshot.take(study)
    assert taken.changed and taken.left_out == ("photos.bin",)
    assert taken.files == {".gitignore", "params.yaml", "dvc.lock", "new é.py"}
    assert git(study, "rev-parse", f"{taken.commit}~1") == head
    assert git(study, "for-each-ref", "--format=%(objectname)", snapshot.REFS) == taken.commit
    assert git(study, "rev-parse", "HEAD") == head
    assert (study / ".git" / "index").read_bytes() == index
    assert snapshot.take(study).commit == taken.commit, "the same content is the same snapshot"
    clone = tmp_path / "clone"
    snapshot.unpack(taken, clone)
    assert (clone / "params.yaml").read_text() == "seed: 3\n"
    assert not (clone / "gone.py").exists()
    # Another snapshot in the same clone: what is ignored stays, what another one had goes.
    (clone / "data").mkdir()
    (clone / "data" / "kept").touch()
    git(study, "checkout", "-q", "-f", "HEAD")
    (study / "new é.py").unlink()
    snapshot.unpack(snapshot.take(study), clone)
    assert (clone / "params.yaml").read_text() == "seed: 2\n"
    assert not (clone / "new é.py").exists() and (clone / "data" / "kept").exists()


def test_a_study_within_a_repository_is_only_its_folder(study: Path) -> None:
    inner = study / "inner"
    inner.mkdir()
    (inner / "params.yaml").write_text("seed: 4\n")
    git(study, "add", "-A")
    git(study, "commit", "-q", "-m", "Inner")
    assert snapshot.take(inner).files == {"params.yaml"}
    (inner / "more.yaml").touch()
    assert snapshot.take(inner).files == {"params.yaml", "more.yaml"}


def test_without_a_commit_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="git init"):
        snapshot.take(tmp_path)
