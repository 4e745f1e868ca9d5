"""A stage ends with the run that it belongs to, and keeps no result after that."""

import os
import subprocess
import sys

import pytest

from heatproof.run import orphans
from heatproof.run.errors import UserError
from tests.interruptible import interruptible
from tests.scratch import ROOT, environment

# What a stage does, started by DVC, which a shell may start for it.
STAGE = """
import sys, time
from heatproof.run import interrupts, orphans
orphans._LAST_SECONDS = interrupts._LAST_SECONDS = 200  # a machine may be slow
interrupts.hear_hangup()
orphans.end_with_run()
try:
    print("at work", flush=True)
    time.sleep(200)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
DVC = "import subprocess, sys; subprocess.run(sys.argv[1:])"
SHELL = ("sh", "-c", '"$0" "$@"; true # python -m stages.train')


def started(*words: str, **more: str) -> subprocess.Popen[str]:
    with interruptible():
        return subprocess.Popen(
            words, cwd=ROOT, env=environment(**more), stdout=subprocess.PIPE, text=True
        )


def test_a_stage_ends_with_dvc_and_with_who_holds_the_lock() -> None:
    stage = (sys.executable, "-c", STAGE)
    dvc = (sys.executable, "-c", DVC)
    owner = started(sys.executable, "-c", "import time; time.sleep(200)")
    runs = [
        (started(*dvc, *stage, DVC_STAGE="train@a"), None),
        (started(*dvc, *SHELL, *stage, DVC_STAGE="train@a"), None),
        (started(*dvc, *stage, DVC_STAGE="train@a", STUDY_RUN=str(owner.pid)), owner),
    ]
    for run, of in runs:
        assert run.stdout is not None and run.stdout.readline() == "at work\n"
        (of or run).kill()
    for run, _ in runs:
        assert run.communicate()[0] == "interrupted\n"
    owner.communicate()


def test_no_result_is_kept_without_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    orphans.require_run()
    monkeypatch.setattr(orphans, "_signs", [lambda: False])
    with pytest.raises(UserError, match="was ended: its results are not kept"):
        orphans.require_run()


def test_a_program_of_its_own_watches_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    for owner in (None, os.getpid()):
        monkeypatch.setenv(orphans.OWNER, str(owner)) if owner else None
        orphans.end_with_run()
    assert orphans._signs == []


@pytest.mark.parametrize(("before", "code"), [("SIG_DFL", 130), ("SIG_IGN", 0)])
def test_a_closed_terminal_is_as_ctrl_c_but_by_nohup(before: str, code: int) -> None:
    program = (
        f"import signal; signal.signal(signal.SIGHUP, signal.{before})\n"
        "from heatproof.run import command\n"
        "import sys; sys.modules['main'] = sys\n"
        "sys.main = lambda: signal.raise_signal(signal.SIGHUP)\n"
        "command.start('main')"
    )
    run = started(sys.executable, "-c", program)
    run.communicate()
    assert run.returncode == code
