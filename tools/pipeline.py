"""DVC as the tools run it: in this process, so that Ctrl-C ends in a sentence.

`python -m tools.pipeline repro train@simple_cnn-mnist` is that as a command of its own, with DVC's
words; of Ctrl-C it says nothing, as `jobs` does that for all cells.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.pipeline")

import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heatproof.run import forkserver, stage, tracking
from heatproof.statistics import numbers
from heatproof.storage import resuming
from tools import lock_file, stage_progress
from tools.shell import prepare
from tools.stage_progress import StageProgress

# DVC's exit code for Ctrl-C between stages; a shell's for a program that ended by it.
DVC_INTERRUPTED, INTERRUPTED = 252, 130

_RUNS = re.compile(r"Running stage '(.+)':")
_PASSED = re.compile(r"Stage '(.+)' (didn't change|is cached)")
# As `ending.run` ends a stage, or Python one that was still being loaded.
_STAGE_INTERRUPTED = re.compile(r"exited with (130|-2)\b")
# What DVC says that nobody needs here: each stage's command, that it writes dvc.lock, that a stage
# has nothing to do (those that run are counted), and how to use git.
NOISE = re.compile(
    r"> |(Generating|Updating) lock file|Stage '.+' didn't change"
    r"|\n(To track the changes with git|To enable auto staging)"
)


@dataclass(frozen=True)
class Ended:
    """How a run of DVC ended: its exit code, and the stages that are done, by number.

    stage: the one that was at work when it was interrupted, if one was. ran: those that were
    started, neither unchanged nor restored from the run-cache. seconds: how long each of them took
    that ended well.
    """

    code: int
    done: int
    stage: str
    ran: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """Whether it was Ctrl-C that ended it."""
        return self.code == INTERRUPTED


class _Watch(logging.Handler):
    """Listens to what DVC says of its stages."""

    def __init__(self) -> None:
        super().__init__()
        self.done, self.stage, self.interrupted = 0, "", False
        self.ran: set[str] = set()
        self.progress = StageProgress()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        runs, passed = _RUNS.match(text), _PASSED.match(text)
        if runs or passed:
            self.recorded(self.stage)
            self.recorded(passed[1] if passed else "")
            self.done += bool(self.stage) + bool(passed)
            self.stage = runs[1] if runs else ""
            self.ran |= {self.stage} - {""}
            self.progress.ends()
            if runs and (told := self.progress.begins(runs[1])):
                # DVC's own handlers come after this one.
                record.msg, record.args = f"{text} {told}", ()
        self.interrupted |= _is_interruption(record)

    def recorded(self, stage: str) -> None:
        """Remove what a stage would have resumed from: its results are in dvc.lock."""
        name, _, trained = stage.partition("@")
        if name in resuming.STAGES:
            resuming.forget_checkpoint(trained)
        elif stage:
            resuming.forget_blocks(stage)


def _is_interruption(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    while error is not None:
        # Ctrl-C while DVC writes its list of files in use is told as a fault of that list.
        if isinstance(error, KeyboardInterrupt) or _STAGE_INTERRUPTED.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_needed(record: logging.LogRecord) -> bool:
    """Whether a user has to read it; what is told of Ctrl-C, whoever runs DVC here says."""
    if record.levelno < logging.WARNING:
        return not NOISE.match(record.getMessage())
    return not _is_interruption(record)


def run(*words: str) -> Ended:
    """Run DVC in this process with these words of its command line.

    Trainings keep their checkpoints until DVC has recorded their results. Stages that need
    TensorFlow are copies of a process that has it loaded (`forkserver`), and what they track is
    sent by one process (`tracking`). Of dvc.lock only the entry of the stage that ran is written
    (`lock_file`). Each stage that runs is told with its number and the time that is left
    (`stage_progress`), in an order in which results come early (`stage_order`); of what DVC says
    only that is shown which a user needs. DVC and its stages read params.yaml as it is now,
    whatever becomes of it.
    """
    from dvc.cli import main

    prepare()
    os.environ[resuming.KEEPS] = "1"
    # DVC calls the stages as `python`: this one, whether its environment is activated or not.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    watch = _Watch()
    logger = logging.getLogger("dvc")
    shown = list(logger.handlers)
    logger.handlers.insert(0, watch)
    for handler in shown:
        handler.addFilter(_is_needed)
    try:
        with (
            stage.parameters_kept(),
            forkserver.offered(),
            tracking.sender(),
            lock_file.written_by_entry(),
            # Of a dry run nothing is counted: it takes no time.
            stage_progress.watched(
                (lambda steps: None) if "--dry" in words else watch.progress.plan
            ),
            _parameters_read_as_kept(),
            _missing_files_unhashed(),
        ):
            code = main(list(words))
    finally:
        logger.removeHandler(watch)
        for handler in shown:
            handler.removeFilter(_is_needed)
    ran = frozenset(watch.ran)
    if watch.interrupted or code == DVC_INTERRUPTED:
        return Ended(INTERRUPTED, watch.done, watch.stage, ran)
    if code == 0:
        watch.recorded(watch.stage)
        watch.progress.ends()
    return Ended(code, watch.done + bool(watch.stage), "", ran, watch.progress.seconds)


@contextmanager
def _missing_files_unhashed() -> Iterator[None]:
    """Let `repro --dry` name all stages that would run, where files that they need are yet to come.

    DVC hashes a stage's dependencies to look into its run-cache, and fails where one is not there,
    as in a fresh clone (DVC 3.67: `dvc repro --dry` ends with "[Errno 2] No such file").
    """
    from dvc.stage import cache

    can_hash = cache._can_hash
    cache._can_hash = lambda stage: all(dep.exists for dep in stage.deps) and can_hash(stage)
    try:
        yield
    finally:
        cache._can_hash = can_hash


@contextmanager
def _parameters_read_as_kept() -> Iterator[None]:
    """Have DVC read the copy of params.yaml, when it loads the pipeline and when it notes a stage.

    It asks for the file itself before, which an editor that is about to write may have taken away.
    """
    from dvc.dependency import param
    from dvc.utils import serialize

    load_path, params = serialize.load_path, stage.PARAMS.resolve()

    def load_kept(path: str, fs: Any, **options: Any) -> Any:
        kept = str(stage.begun_with(params)) if Path(path).resolve() == params else path
        return load_path(kept, fs, **options)

    serialize.load_path = param.load_path = load_kept
    param.ParamsDependency.exists, param.ParamsDependency.isfile = True, lambda self: True
    try:
        yield
    finally:
        serialize.load_path = param.load_path = load_path
        del param.ParamsDependency.exists, param.ParamsDependency.isfile


def where_it_stands(ended: Ended, again: str, folder: Path) -> str:
    """Return what to tell the user of an interrupted run.

    Args:
        ended: how it ended.
        again: the command that resumes.
        folder: the repository.
    """
    where = f"in {ended.stage}" if ended.stage else "between two stages"
    if epochs := kept_epochs(ended.stage, folder):
        where += f", of which {numbers.plural(epochs, 'epoch')} {_be(epochs)} saved"
    done = f"{numbers.plural(ended.done, 'stage')} before it {_be(ended.done)} done"
    return f"interrupted {where}; {done}. `{again}` resumes from here"


def _be(count: int) -> str:
    return "is" if count == 1 else "are"


def kept_epochs(stage: str, folder: Path) -> int:
    """Return how many epochs of an interrupted training will not be run again."""
    name, _, trained = stage.partition("@")
    places = (resuming.checkpoint_path(trained), resuming.finished_path(trained))
    existing = [path for place in places if (path := folder / place).exists()]
    if name not in resuming.STAGES or not existing:
        return 0
    try:
        with np.load(existing[0], allow_pickle=False) as archive:
            return json.loads(archive["state"].tobytes())["state"]["epochs"]
    except Exception:  # the training itself will say what is wrong with it
        return 0


def main() -> None:
    """Run DVC with the words of the command line; exit as it does."""
    sys.exit(run(*sys.argv[1:]).code)
