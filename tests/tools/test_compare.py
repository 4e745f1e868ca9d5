"""Which study a name means, and what there is of it in git and in DVC's cache."""

import hashlib
import html
import subprocess
from pathlib import Path

import pytest

from heatproof.run.errors import UserError
from tools import compare, exp_files, revisions

CACHE = Path(".dvc/cache")
RESULT = "data/metrics/evaluate/a-b.json"
PARAMS = "cells: {a-b: {model: a, dataset: b}}\nseed: "


def git(*words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(seed: int, *outputs: str) -> str:
    """Commit a study with a dvc.lock that names files with these contents; return the commit."""
    Path("params.yaml").write_text(f"{PARAMS}{seed}\n")
    lines = ["schema: '2.0'", "stages:", "  evaluate@a-b:", "    cmd: x", "    outs:"]
    for number, content in enumerate(outputs):
        md5 = hashlib.md5(content.encode()).hexdigest()
        name = RESULT if number == 0 else f"../outside{number}"
        lines += [f"    - path: {name}", "      hash: md5", f"      md5: {md5}"]
        if content != "gone":
            path = exp_files.cached(CACHE, md5)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    Path("dvc.lock").write_text("\n".join(lines) + "\n")
    Path("metrics/evaluate").mkdir(parents=True, exist_ok=True)
    for name in ("a-b", "größer-b"):  # which git would quote
        Path(f"metrics/evaluate/{name}.json").write_text('{"accuracy": 0.9}')
    git("add", "params.yaml", "dvc.lock", "metrics")
    git("commit", "-q", "-m", f"Seed {seed}")
    return git("rev-parse", "HEAD")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study in a subfolder of a repository, as the current folder."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    (tmp_path / "a study").mkdir()
    monkeypatch.chdir(tmp_path / "a study")
    monkeypatch.setattr(compare, "dvc", lambda *_: f"{CACHE}\n")
    return Path.cwd()


def test_a_revision_is_laid_out_and_the_folder_stays_as_it_is(study: Path, tmp_path: Path) -> None:
    first = commit(1, "old", "escaped")
    commit(2, "new")
    there, place = sorted(study.iterdir()), tmp_path / "place"
    place.mkdir()
    revision = revisions.find("HEAD~1")
    assert revision is not None and revision.commit == first
    assert revision.about == f"commit {first[:7]}, Seed 1"
    remedy = revisions.lay_out(revision, place, CACHE)
    assert (place / "params.yaml").read_text() == f"{PARAMS}1\n"
    assert (place / RESULT).read_text() == "old" and (place / RESULT).is_symlink()
    assert (place / "metrics/evaluate/a-b.json").is_file()
    assert (place / "metrics/evaluate/größer-b.json").is_file()
    assert not (tmp_path / "outside1").exists()
    assert "was not run at that revision" in remedy
    assert sorted(study.iterdir()) == there and "seed: 2" in Path("params.yaml").read_text()


def test_an_experiment_goes_before_a_revision_and_that_of_this_commit_before_others(
    study: Path,
) -> None:
    base = commit(1, "old")
    tip = commit(2, "gone")
    for baseline in (base, tip):
        git("update-ref", f"refs/exps/{baseline[:2]}/{baseline[2:]}/stride2", baseline)
    git("update-ref", "refs/exps/exec/EXEC_HEAD", base)
    git("branch", "stride2", base)
    found = revisions.find("stride2")
    assert found is not None and found.is_experiment and found.commit == tip
    assert revisions.named(revisions.experiments()) == "stride2"
    place = study / "place"
    place.mkdir()
    assert "dvc exp pull <remote> stride2" in revisions.lay_out(found, place, CACHE)
    commit(3, "old")
    with pytest.raises(UserError, match="2 experiments have this name"):
        revisions.find("stride2")


def test_the_page_is_written_and_says_where_it_is(study: Path, capsys) -> None:
    commit(1, "{}")
    commit(2, "gone")
    compare.compare("HEAD~1", ".", Path("comparison"))
    said = capsys.readouterr().out
    assert said.startswith("1 parameter differs.\n")
    assert said.strip().endswith(f"{Path('comparison/index.html').resolve().as_uri()}")
    page = Path("comparison/index.html").read_text()
    assert "90.0 %" in page and "heatproof compare 'HEAD~1' ." in html.unescape(page)
    compare.compare("HEAD~1", "HEAD", Path("comparison"))
    assert "dvc fetch --all-commits" in Path("comparison/index.html").read_text()


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("nowhere", ".", "nowhere: no folder, no DVC experiment and no revision of git"),
        ("--help", ".", "no folder, no DVC experiment"),
        (".", "../a study", r"A \(\.\) and B \(\.\./a study\) are the same: folder"),
        ("HEAD", "master", "are the same: commit"),
        ("empty", ".", "empty: this is not a study"),
        ("HEAD~1", ".", "HEAD~1: at that revision this folder was not a study"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    study: Path, first: str, second: str, expected: str
) -> None:
    Path("note.txt").write_text("a note")
    git("add", "note.txt")
    git("commit", "-q", "-m", "no study yet")
    git("branch", "-M", "master")
    commit(1, "old")
    Path("empty").mkdir()
    with pytest.raises(UserError, match=expected):
        compare.compare(first, second, Path("comparison"))
    assert not Path("comparison").exists()


def test_a_folder_with_other_files_is_not_replaced(study: Path) -> None:
    commit(1, "old")
    with pytest.raises(UserError, match="has other files than a comparison"):
        compare.compare("HEAD", ".", study)
    assert Path("params.yaml").exists()


@pytest.mark.parametrize(
    ("name", "below"),
    [("data/a", True), ("data/a/b", True), ("data", False), ("data/../../a", False),
     ("/data/a", False), ("other/a", False), ("data/a\0", False)],
)  # fmt: skip
def test_a_revision_has_files_in_its_own_folders_alone(name: str, below: bool) -> None:
    assert revisions._is_below(Path("data"), name) is below


def test_a_damaged_dvc_lock_is_named(study: Path) -> None:
    path = exp_files.cached(CACHE, "0" * 32)
    path.parent.mkdir(parents=True)
    path.touch()
    out = f"hash: md5, md5: '{'0' * 32}'"
    twice = f"stages: {{a: {{outs: [{{path: data/a, {out}}}, {{path: data/a/b, {out}}}]}}}}"
    for content in ("stages: [", "stages: 3", "nothing", twice):
        commit(1, "old")
        Path("dvc.lock").write_text(content)
        git("commit", "-q", "-a", "-m", "damaged")
        with pytest.raises(UserError, match="of that revision cannot be read"):
            compare.compare("HEAD", ".", Path("comparison"))
