"""A study as it was at a revision of git or in a DVC experiment, without checking anything out.

git has its params.yaml, its dvc.lock and its headline figures, DVC's cache the files that dvc.lock
names. A temporary folder gets the first, and links to the second, at the paths that they have in a
study: whoever reads a study's folder reads this one too.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heatproof.config.params import PARAMS
from heatproof.run.errors import UserError
from heatproof.run.git import GitMissing, git
from heatproof.storage import paths
from tools.exp_files import cached

LOCK = "dvc.lock"
_EXPERIMENT = re.compile(r"refs/exps/[0-9a-f]{2}/[0-9a-f]{38}/(.+)")


@dataclass(frozen=True)
class Revision:
    """A commit, or an experiment's, by its full hash; `about` says which it is."""

    name: str
    commit: str
    about: str
    is_experiment: bool


def find(name: str) -> Revision | None:
    """Find a DVC experiment of the study in the current folder, or else a revision of git.

    Raises:
        UserError: several experiments have this name, none of them of the present commit.
    """
    by_reference = experiments()
    matching = [ref for ref, each in by_reference.items() if each == name]
    if len(matching) > 1:
        head = git("rev-parse", "HEAD").strip()
        own = [ref for ref in matching if ref.startswith(f"refs/exps/{head[:2]}/{head[2:]}/")]
        if len(own) != 1:
            raise UserError(
                f"{name}: {len(matching)} experiments have this name, from different commits: name "
                f"one by its revision: {', '.join(_commit(ref)[:12] for ref in matching)}"
            )
        matching = own
    if matching:
        commit = _commit(matching[0])
        return Revision(name, commit, f"DVC experiment {commit[:7]}", True)
    try:
        # Behind --end-of-options no name is an option.
        commit = git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        ).strip()
    except GitMissing:
        raise
    except UserError:
        return None
    subject = git("log", "-1", "--format=%s", commit).strip()
    return Revision(name, commit, f"commit {commit[:7]}, {subject}", False)


def experiments() -> dict[str, str]:
    """Return git's references of the experiments that have finished, each with its name."""
    with suppress(UserError):
        references = git("for-each-ref", "--format=%(refname)", "refs/exps").splitlines()
        found = ((ref, _EXPERIMENT.fullmatch(ref)) for ref in references)
        return {ref: match[1] for ref, match in found if match}
    return {}


def lay_out(revision: Revision, folder: Path, cache: Path) -> str:
    """Fill an empty folder with what there is of a study at a revision.

    Args:
        revision: of the study in the current folder.
        folder: where to.
        cache: DVC's.

    Returns:
        How what is missing can be had, in a sentence.

    Raises:
        UserError: there was no study at that revision, or its dvc.lock cannot be read.
    """
    try:
        (folder / PARAMS).write_text(_content(revision, PARAMS.as_posix()), encoding="utf-8")
    except UserError:
        raise UserError(
            f"{revision.name}: at that revision this folder was not a study: it had no {PARAMS}"
        ) from None
    outputs = _outputs(revision)
    listed = git("ls-tree", "-r", "-z", "--name-only", revision.commit, "--", "metrics")
    for name in listed.split("\0"):
        if _is_below(paths.METRICS, name):
            _place(folder, name).write_text(_content(revision, name), encoding="utf-8")
    absent = 0
    for name, md5 in outputs.items():
        source = cached(cache, md5)
        if source.is_file():
            try:
                _place(folder, name).symlink_to(source.resolve())
            except (FileExistsError, NotADirectoryError):
                raise _unreadable(revision) from None  # two of its files are in one place
        else:
            absent += 1
    return _remedy(revision, bool(outputs), absent)


def _outputs(revision: Revision) -> dict[str, str]:
    """Return the files below data/ that DVC recorded: path -> MD5."""
    try:
        text = _content(revision, LOCK)
    except UserError:
        return {}
    try:
        content = YAML(typ="safe").load(text)
        stages = content["stages"].values()
        outs = [out for stage in stages for out in stage.get("outs") or ()]
        return {
            out["path"]: out["md5"]
            for out in outs
            if isinstance(out["path"], str)
            and _is_below(paths.DATA, out["path"])
            and _is_md5(out.get("md5"))
        }
    except (YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise _unreadable(revision) from None


def _unreadable(revision: Revision) -> UserError:
    return UserError(
        f"{revision.name}: {LOCK} of that revision cannot be read; see `git show "
        f"{revision.commit[:12]}:./{LOCK}`"
    )


def _is_md5(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{32}", value))


def _is_below(top: Path, name: str) -> bool:
    """Whether a path lies below a folder, and nowhere else whatever it says."""
    parts = Path(name).parts
    return parts[:1] == top.parts and len(parts) > 1 and ".." not in parts and "\0" not in name


def _place(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _content(revision: Revision, name: str) -> str:
    return git("show", f"{revision.commit}:./{name}")


def _commit(reference: str) -> str:
    return git("rev-parse", "--verify", f"{reference}^{{commit}}").strip()


def _remedy(revision: Revision, recorded: bool, absent: int) -> str:
    if absent:
        files = f"{absent} of the files that its {LOCK} names are not in DVC’s cache here"
        if revision.is_experiment:
            return (
                f"{files}: `dvc exp pull <remote> {revision.name}` brings what a remote has; `dvc "
                f"exp apply {revision.name}`, then `dvc repro`, makes them again."
            )
        return (
            f"{files}: `dvc fetch --all-commits` brings what a remote has; checked out, `dvc "
            "repro` makes them again."
        )
    if not recorded:
        return f"That revision has no {LOCK}: its results were not committed, or it was not run."
    return f"What is missing was not run at that revision: its {LOCK} does not name it."


def named(references: Mapping[str, str]) -> str:
    """Return experiments' names for a message, the first few."""
    names = sorted(set(references.values()))
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "") or "none"
