"""Results between a study's folder, or its clone on a node, and DVC's cache and remote.

`dvc pull` and `dvc push` look at the whole study each time, seconds for a task of seconds; here the
objects are those of single entries of dvc.lock, moved by the functions that DVC itself restores a
stage of its run-cache with. Of the run-cache too only what a stage asks for is fetched: DVC would
copy all of it.
"""

import copy
import errno
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from heatproof.cluster.checkpoints import Remote
from heatproof.run.errors import escaped, masked
from heatproof.storage import lock_entries

CHECKPOINTS = "checkpoints"  # a folder of the remote
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_ATTEMPTS, _PAUSE_SECONDS = 3, 2.0


class RemoteLost(Exception):
    """Results cannot be fetched, or not be sent."""


class Store:
    """A DVC repository, what its cache has, and, where asked for, its remote."""

    def __init__(self, folder: Path, remote: bool) -> None:
        """Open the repository; `remote`: whether results come from, and go to, its remote."""
        from dvc.repo import Repo

        self._repo = Repo(str(folder))
        self._remote = remote and bool(self._repo.config["core"].get("remote"))
        self._loaded: Any = None

    @property
    def remote(self) -> tuple[str, dict[str, Any]]:
        """The default remote's name and settings, its place as other folders have it."""
        name = self._repo.config["core"].get("remote") or ""
        settings = self._repo.config["remote"].get(name, {}) if name else {}
        return name, {key: str(value) for key, value in settings.items()}

    @property
    def cache(self) -> str:
        """DVC's cache."""
        return str(Path(self._repo.cache.legacy.path))

    @property
    def options(self) -> tuple[str, ...]:
        """Of `dvc repro`: that it takes from the remote what its run-cache names."""
        return ("--pull",) if self._remote else ()

    def checkpoints(self, study: str) -> Remote | None:
        """Return where the remote keeps a study's checkpoints; None without a remote."""
        if not self._remote:
            return None
        with self._reaching():
            odb = self._repo.cloud.get_remote_odb(None, "push", hash_name="md5-dos2unix")
            return Remote(odb.fs, odb.fs.join(odb.path, CHECKPOINTS, study))

    def dependencies(self, stages: Iterable[str]) -> list[str]:
        """Return the paths that stages depend on."""
        return [dep.def_path for stage in stages for dep in self._stage(stage).deps]

    def uncached(self, stages: Iterable[str]) -> list[str]:
        """Return the paths of stages' results that DVC leaves to git."""
        return [o.def_path for s in stages for o in self._stage(s).outs if not o.use_cache]

    def bring(
        self,
        entries: Iterable[str],
        wanted: Sequence[str] | None = None,
        leaving: Collection[str] = (),
    ) -> None:
        """Put results into the folder, fetched where the cache has them not.

        Args:
            entries: lines of dvc.lock, of the stages whose results they are.
            wanted: only what lies at, within or above these paths; None for all.
            leaving: paths that are not wanted.

        Raises:
            RemoteLost: the cache has them not, and the remote neither.
            OSError: the disk is full.
        """
        stages = []
        for entry in _parsed(entries):
            paths = [o["path"] for o in entry.get("outs", ()) if o["path"] not in leaving]
            outs = [path for path in paths if _overlaps(path, wanted)]
            if outs:
                stages.append(self._repo.stage_cache._create_stage(_only(entry, outs)))
        with self._repo.lock:
            self._fetch(stages)
            for stage in stages:
                with self._reaching():
                    stage.checkout()

    def stale(self, stages: Sequence[str], entries: Mapping[str, str]) -> set[str]:
        """Return which stages, or what they need, are not as their entries of dvc.lock have them.

        Results that are recorded, and not in the folder, are brought if they can be.

        Args:
            stages: each after those that it needs.
            entries: dvc.lock's.
        """
        stale: set[str] = set()
        made: set[str] = set()  # paths of stages that are stale
        above: set[str] = set()  # and the folders that they lie in
        for name in stages:
            stage = self._stage(name)
            deps = [dep.def_path for dep in stage.deps]
            touched = any(dep in above or not made.isdisjoint(_upwards(dep)) for dep in deps)
            if not touched and name in entries:
                with self._repo.lock:
                    recorded = not stage.changed(True, None)
                if recorded and not all(out.exists for out in stage.outs):
                    with suppress(RemoteLost):
                        self.bring([entries[name]])
                with self._repo.lock:
                    if recorded and not stage.changed(False, None):
                        continue
            stale.add(name)
            made |= {out.def_path for out in stage.outs}
            above |= {folder for out in stage.outs for folder in _upwards(out.def_path)}
        return stale

    def send(self, entries: Iterable[str]) -> dict[str, bytes]:
        """Push the results of stages, and what the run-cache has of them.

        Args:
            entries: their lines of dvc.lock.

        Returns:
            What the run-cache has of them, by the paths in it; empty without a remote.

        Raises:
            RemoteLost: the remote does not take them.
        """
        if not self._remote:
            return {}
        parsed = list(_parsed(entries))
        stages = [self._repo.stage_cache._create_stage(copy.deepcopy(e)) for e in parsed]
        cache = self._repo.cache.local
        objects = {o for o in _objects(stages) if cache.exists(o.value)}
        runs = self._runs(parsed)

        def push() -> None:
            result = self._repo.cloud.push(objects)
            if result.failed:
                raise OSError(f"{len(result.failed)} files were not taken")
            odb = self._repo.cloud.get_remote_odb(None, "push", hash_name="md5-dos2unix")
            for name, content in runs.items():
                path = odb.fs.join(odb.path, "runs", *name.split("/"))
                odb.fs.makedirs(odb.fs.parent(path), exist_ok=True)
                odb.fs.pipe_file(path, content)

        self._insisting(push)
        return runs

    @contextmanager
    def looked_up(self) -> Iterator[None]:
        """Within, DVC looks into the remote's run-cache for the stage that it is about to run."""
        from dvc.stage.cache import StageCache, _get_stage_hash

        load, pull = StageCache._load, StageCache.pull

        def _load(cache: Any, stage: Any) -> Any:
            self._fetch_run(cache, _get_stage_hash(stage))
            return load(cache, stage)

        if self._remote:
            StageCache._load, StageCache.pull = _load, lambda *words, **options: []
        try:
            yield
        finally:
            StageCache._load, StageCache.pull = load, pull

    def record_runs(self, runs: dict[str, bytes]) -> None:
        """Put what another run-cache has into this one."""
        for name, content in runs.items():
            path = Path(self._repo.stage_cache.cache_dir, name)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{os.getpid()}.tmp")
                part.write_bytes(content)
                part.replace(path)

    def _stage(self, name: str) -> Any:
        from dvc.dvcfile import load_file

        if self._loaded is None:
            self._loaded = load_file(self._repo, "dvc.yaml").stages
        return self._loaded[name]

    def _fetch(self, stages: Sequence[Any]) -> None:
        cache = self._repo.cache.local
        if not self._remote:
            return

        def pull() -> None:
            missing = {o for o in _objects(stages) if not cache.exists(o.value)}
            if missing and (failed := self._repo.cloud.pull(missing).failed):
                raise OSError(f"{len(failed)} files are not there")

        self._insisting(pull)

    def _fetch_run(self, cache: Any, key: str) -> None:
        """Bring what the remote's run-cache has under a key."""
        place = Path(cache._get_cache_dir(key))
        if place.is_dir():
            return
        with self._reaching():
            odb = self._repo.cloud.get_remote_odb(None, "fetch", hash_name="md5-dos2unix")
            folder = odb.fs.join(odb.path, "runs", key[:2], key)
            if odb.fs.exists(folder):
                found = {odb.fs.name(p): odb.fs.cat_file(p) for p in odb.fs.find(folder)}
                self.record_runs({f"{key[:2]}/{key}/{n}": text for n, text in found.items()})

    def _runs(self, entries: Iterable[dict[str, Any]]) -> dict[str, bytes]:
        """Return what the run-cache has of stages, by the paths in it."""
        from dvc.stage.cache import _get_cache_hash

        top = Path(self._repo.stage_cache.cache_dir)
        runs = {}
        for entry in entries:
            key = _get_cache_hash(copy.deepcopy(entry), key=True)
            for path in (top / key[:2] / key).glob("[!.]*"):
                runs[path.relative_to(top).as_posix()] = path.read_bytes()
        return runs

    def _insisting(self, attempt: Any) -> None:
        """Call what needs the remote, again after a while where it fails.

        Raises:
            RemoteLost: it failed each time.
        """
        for number in range(_ATTEMPTS - 1):
            with suppress(RemoteLost), self._reaching():
                attempt()
                return
            time.sleep(_PAUSE_SECONDS * 2**number)
        with self._reaching():
            attempt()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Within, whatever a remote's client raises is told as that."""
        try:
            yield
        except OSError as error:
            if error.errno in _DISK:
                raise
            raise RemoteLost(self._lost(error)) from error
        except Exception as error:
            raise RemoteLost(self._lost(error)) from error

    def _lost(self, error: Exception) -> str:
        name = self._repo.config["core"].get("remote") if self._remote else None
        where = f"the DVC remote '{name}'" if name else "DVC's cache"
        return f"{where}: {escaped(masked(str(error) or type(error).__name__))[:300]}"


def _parsed(entries: Iterable[str]) -> Iterator[dict[str, Any]]:
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from dvc.utils.serialize import parse_yaml

    text = lock_entries.HEAD + "".join(entries)
    if text != lock_entries.HEAD:
        yield from COMPILED_LOCKFILE_SCHEMA(parse_yaml(text, "dvc.lock"))["stages"].values()


def _only(entry: dict[str, Any], outs: Sequence[str]) -> dict[str, Any]:
    return entry | {"outs": [out for out in entry["outs"] if out["path"] in outs]}


def _objects(stages: Iterable[Any]) -> set[Any]:
    return {o for stage in stages for objects in stage.get_used_objs().values() for o in objects}


def _upwards(path: str) -> Iterator[str]:
    """Yield a path, and the folders that it lies in."""
    yield path
    yield from map(str, Path(path).parents)


def _overlaps(path: str, wanted: Sequence[str] | None) -> bool:
    """Whether a path is one of those wanted, within one, or a folder that has one."""
    if wanted is None:
        return True
    own = Path(path)
    return any(own.is_relative_to(other) or Path(other).is_relative_to(own) for other in wanted)
