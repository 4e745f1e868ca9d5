"""The study's code and parameters as one commit of git's, which nodes get as a pack.

Where the folder is as committed, that is its commit. Otherwise it is a snapshot: a commit on top
of it, with what was changed and what git does not know yet, outside of all branches, under
refs/heatproof/snapshots. Results are in none: nodes make them, or fetch them.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from heatproof.run.errors import UserError, escaped
from heatproof.run.git import git

REFS = "refs/heatproof/snapshots"
RESULTS = ("dvc.lock", "metrics")  # git's of a study, besides what .gitignore lists
# A file that git does not know is taken along up to this size: beyond, it is likely to be data.
LARGEST = 2**24
# Of the head's commit too, so that the same content gives the same snapshot.
_PERSON = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "heatproof"), ("EMAIL", "heatproof@localhost"))
}


@dataclass(frozen=True)
class Snapshot:
    """What nodes check out.

    commit: 40 hexadecimal digits. pack: git's, of this commit alone. files: that are in it.
    changed: whether the folder was not as committed. left_out: files that git does not know and
    that are too large to be taken along.
    """

    commit: str
    pack: bytes
    files: frozenset[str]
    changed: bool
    left_out: tuple[str, ...] = ()


def take(study: Path) -> Snapshot:
    """Return the folder's commit, or a snapshot of it as it is.

    Raises:
        UserError: there is no git, no repository or no commit.
    """
    head = git("rev-parse", "--verify", "HEAD", folder=study).strip()
    within = git("rev-parse", "--show-prefix", folder=study).strip()
    changed, left_out = _changes(study)
    commit = head
    if changed or within:
        commit = _commit_of(study, head, within, changed)
    listed = git("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit, folder=study)
    return Snapshot(
        commit, _pack(study, commit), frozenset(filter(None, listed.split("\0"))),
        bool(changed), tuple(left_out),
    )  # fmt: skip


def _changes(study: Path) -> tuple[list[str], list[str]]:
    """Return which files are not as committed, results aside, and new ones that are too large."""
    aside = [f":(exclude){name}" for name in RESULTS]
    options = ("--porcelain", "--no-renames", "--untracked-files=all", "-z")
    status = git("--no-optional-locks", "status", *options, "--", ".", *aside, folder=study)
    top = Path(git("rev-parse", "--show-toplevel", folder=study).rstrip("\n"))
    changed, left_out = [], []
    for entry in filter(None, status.split("\0")):
        kind, path = entry[:2], top / entry[3:]
        large = kind == "??" and path.is_file() and path.stat().st_size > LARGEST
        (left_out if large else changed).append(os.path.relpath(path, study))
    return changed, left_out


def _commit_of(study: Path, head: str, within: str, changed: list[str]) -> str:
    """Commit the folder as it is, on top of `head`, without touching index, branch or files."""
    index = Path(git("rev-parse", "--absolute-git-dir", folder=study).rstrip("\n"))
    index /= f"heatproof-{os.getpid()}.index"
    date = git("show", "-s", "--format=%cI", head, folder=study).strip()
    more = _PERSON | {
        "GIT_INDEX_FILE": str(index),
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
    try:
        _git(study, "read-tree", head, more=more)
        if changed:
            names = "\0".join(changed).encode()
            words = ("add", "-A", "-f", "--pathspec-from-file=-", "--pathspec-file-nul")
            _git(study, "--literal-pathspecs", *words, given=names, more=more)
        tree = _git(study, "write-tree", f"--prefix={within}", more=more).decode().strip()
        words = ("commit-tree", tree, "-p", head, "-m", "Snapshot of a study for a cluster")
        commit = _git(study, *words, more=more).decode().strip()
    finally:
        index.unlink(missing_ok=True)
    git("update-ref", f"{REFS}/{commit}", commit, folder=study)
    return commit


def _pack(study: Path, commit: str) -> bytes:
    """Return the commit with its tree, without those before it."""
    objects = _git(study, "rev-list", "--objects", "--no-walk", commit)
    names = b"".join(line.split(b" ", 1)[0] + b"\n" for line in objects.splitlines())
    return _git(study, "pack-objects", "--stdout", "-q", given=names)


def unpack(snapshot: Snapshot, folder: Path) -> None:
    """Bring a folder to a snapshot: a repository of its own, made where there is none.

    What git ignores stays as it is.

    Raises:
        UserError: git fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        _git(folder, "init", "-q")
    if checked_out(folder) == snapshot.commit:
        return
    _git(folder, "unpack-objects", "-q", given=snapshot.pack)
    (folder / ".git" / "shallow").write_text(f"{snapshot.commit}\n", encoding="ascii")
    for lock in (folder / ".git").glob("*.lock"):  # a killed task's
        lock.unlink()
    _git(folder, "checkout", "-q", "-f", "--detach", snapshot.commit)
    _git(folder, "clean", "-q", "-f", "-d")


def checked_out(folder: Path) -> str:
    """Return the commit that a folder is at; "" where it is at none."""
    try:
        return git("rev-parse", "--verify", "HEAD", folder=folder).strip()
    except UserError:
        return ""


def _git(
    folder: Path, *words: str, given: bytes = b"", more: dict[str, str] | None = None
) -> bytes:
    """Run git with bytes to its stdin, and return those of its stdout."""
    done = subprocess.run(
        ["git", *words], cwd=folder, input=given, capture_output=True, check=False,
        env=os.environ | {"LC_ALL": "C"} | (more or {}),
    )  # fmt: skip
    if done.returncode:
        reason = escaped(done.stderr.decode(errors="replace").strip())[:300]
        raise UserError(f"{folder}: git {words[0]} failed: {reason}")
    return done.stdout
