"""What a stage of DVC's began with, compared before its results are put in place.

DVC notes a stage's parameters and the hashes of its dependencies as they are when it has ended; the
stage reads them when it begins. Were something changed meanwhile, results would be noted under what
they were not made with, and DVC's run-cache would bring them back for ever. So a stage takes note
of all that dvc.yaml says it depends on, of the code that data/code/ lists for it, and of its runs'
options in data/runs/, and puts no result in place once one of these is another. A parameter that
the stage does not depend on may change at any time.
"""

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from heatproof.config import params
from heatproof.run import orphans, provenance, source_code
from heatproof.run.errors import UserError
from heatproof.run.stage import begun_with
from heatproof.storage import atomic, paths

PIPELINE = Path("dvc.yaml")
CODE, RUNS = paths.DATA / "code", paths.DATA / "runs"
SMALL = 1_000_000  # bytes up to which the content counts of a file that was written again
SECONDS = 1.0  # between two comparisons, while results are written one after another

_FIELD = re.compile(r"\$\{([\w.]+)\}")
_AGAIN = "run the same command again (before a single stage, `dvc repro fingerprint`)"
State = tuple[int, int, int]  # size, time of the last change in ns, inode


@dataclass(frozen=True)
class Listed:
    """A file of code as a list in data/code/ has it, and as it was when the stage began."""

    digest: str
    prose: bool
    state: State | None

    def describes(self, path: Path) -> bool:
        """Whether the file does now what the list says that it does."""
        try:
            return source_code.digest(path, self.prose) == self.digest
        except (OSError, SyntaxError, UnicodeDecodeError):
            return False


@dataclass
class Inputs:
    """What a stage depends on, as it was when it began.

    stage: its name. content: params.yaml's. params_file: where DVC reads that. keys: of the
    parameters. deps: files and folders. states: of all files in them. hashes: of small ones among
    deps. code: what data/code/ lists. loaded: files of code that were imported before. compared:
    when, by a clock that only rises.
    """

    stage: str
    content: bytes
    params_file: Path
    keys: tuple[str, ...]
    deps: tuple[Path, ...]
    states: dict[Path, State]
    hashes: dict[Path, str]
    code: dict[Path, Listed]
    loaded: set[Path]
    compared: float = -SECONDS

    def changes(self) -> Iterator[str]:
        """Yield what is not as it was, for a message."""
        now = _content(self.params_file)
        if now != self.content:
            before, after = _parsed(self.content), _parsed(now)
            for key in self.keys:
                if _value(before, key) != _value(after, key):
                    yield f"{key} in {params.PARAMS}"
        states = _states(self.deps)
        for path in sorted(self.states.keys() | states.keys()):
            same = states.get(path) == self.states.get(path)
            if not same and self.hashes.get(path) != _hash(path):
                yield str(path)
        for path, listed in self.code.items():
            # Imported meanwhile, it may be neither what it was nor what it is.
            if _state(path) != listed.state and (
                path in _loaded() - self.loaded or not listed.describes(path)
            ):
                yield _shown(path)

    def require_unchanged(self) -> None:
        """Refuse results of anything that is not as it was.

        Raises:
            UserError: with what was changed.
        """
        if changes := list(self.changes()):
            raise UserError(
                f"{self.stage}: {', '.join(changes[:3])}{' and more' * (len(changes) > 3)} changed "
                "while it ran, so its results are not kept: run the same command again"
            )
        self.compared = time.monotonic()

    def guard(self) -> None:
        """Call `require_unchanged`, but once a second at most: before each file is put in place."""
        orphans.require_run()
        if time.monotonic() - self.compared >= SECONDS:
            self.require_unchanged()


def begin(stage: str, params_file: Path) -> Inputs:
    """Take note of what a stage depends on; from now on, no file is put in place once it changed.

    Args:
        stage: as DVC calls it, such as "train@simple_cnn-mnist".
        params_file: that from which DVC notes the parameters.

    Raises:
        UserError: code, or a run's options, changed since data/code/ and data/runs/ were written.
    """
    study, name = params.load(), stage.rpartition(":")[2]
    deps, keys, runs = depends_on(name, study)
    states = _states(deps)
    inputs = Inputs(
        stage=name,
        content=_content(begun_with(params.PARAMS)),
        params_file=params_file,
        keys=keys,
        deps=deps,
        states=states,
        hashes={dep: _hash(dep) for dep in deps if dep in states and states[dep][0] <= SMALL},
        code=dict(_code(path for path in states if path.is_relative_to(CODE))),
        loaded=_loaded(),
    )
    for path, listed in inputs.code.items():
        if not listed.describes(path):
            raise UserError(f"{name}: {_shown(path)} changed since {CODE}/ lists it: {_AGAIN}")
    for run in runs & {*study.run_names}:
        path = RUNS / f"{run}.json"
        if path.exists() and path.read_text(encoding="utf-8") != study.run(run).description():
            raise UserError(
                f"{name}: the options of the run {run} in {params.PARAMS} changed since {path} "
                f"was written: {_AGAIN}"
            )
    atomic.guard = inputs.guard
    return inputs


def made_with(name: str, study: params.Params) -> str:
    """Return a SHA-256 of what a stage's results follow from: dependencies, parameters, libraries.

    Of a folder it is the record in it that counts, which has the checksum of each image.
    """
    deps, keys, _ = depends_on(name, study)
    files = {str(dep): _hash(dep / paths.RECORD if dep.is_dir() else dep) for dep in deps}
    content = _parsed(_content(begun_with(params.PARAMS)))
    values = {key: _value(content, key) for key in keys}
    versions = [provenance.version_of(library) for library in provenance.LIBRARIES]
    text = json.dumps([name, files, values, versions], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def depends_on(
    name: str, study: params.Params
) -> tuple[tuple[Path, ...], tuple[str, ...], set[str]]:
    """Return a stage's dependencies and keys of params.yaml as dvc.yaml says, and its runs.

    Raises:
        UserError: dvc.yaml has no such stage.
    """
    kind, _, key = name.partition("@")
    entry = _parsed(PIPELINE.read_bytes()).get("stages", {}).get(kind, {})
    item = _value(study, entry.get("foreach", "").strip("${}")) or {}
    if not entry or ("foreach" in entry and key not in item):
        raise UserError(f"{PIPELINE}: has no stage {name} any more: run the same command again")
    named = {"key": key, "item": item.get(key)}

    def filled(texts: Iterable[str]) -> tuple[str, ...]:
        values = lambda field: str(_value(named, field[1]))  # noqa: E731
        return tuple(_FIELD.sub(values, text) for text in texts)

    entry = entry.get("do", entry)
    deps = tuple(map(Path, filled(entry.get("deps", ()))))
    runs = {key, getattr(named["item"], "run", key)}
    return deps, filled(entry.get("params", ())), runs


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        # Not `pure`: in C it takes a tenth of the time.
        return YAML(typ="safe").load(content) or {}
    except YAMLError:
        return {}


def _value(content: Any, key: str) -> Any:
    """Return a value by its dotted key, of mappings and of objects; None where there is none."""
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else getattr(content, part, None)
    return content


def _states(deps: Iterable[Path]) -> dict[Path, State]:
    files = (file for dep in deps for file in _files(dep))
    return {file: state for file in files if (state := _state(file))}


def _files(dep: Path) -> Iterator[Path]:
    if not dep.is_dir():
        yield dep
    for folder, folders, names in os.walk(dep, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        yield from (Path(folder, name) for name in names)


def _state(path: Path) -> State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _hash(path: Path) -> str:
    return hashlib.sha256(_content(path)).hexdigest()


def _code(lists: Iterable[Path]) -> Iterator[tuple[Path, Listed]]:
    for path in lists:
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            file = source_code.ROOT / name
            yield file, Listed(digest, path.stem in source_code.TELLING, _state(file))


def _loaded() -> set[Path]:
    """Return the project's files that this process has imported."""
    modules = [m for n, m in sys.modules.items() if n.partition(".")[0] in source_code.SOURCES]
    return {Path(file).resolve() for m in modules if (file := getattr(m, "__file__", None))}


def _shown(path: Path) -> str:
    return path.relative_to(source_code.ROOT).as_posix()
