"""How a stage ends: a sentence for what a user can put right, a traceback for a bug."""

import errno
import subprocess
import sys

import pytest

from heatproof.run import command
from heatproof.run.errors import UserError, nearest
from heatproof.storage import atomic
from tests.interruptible import interruptible
from tests.scratch import ROOT

INTERRUPTED = "interrupted: completed work is saved; run the same command again to resume\n"


def ended(error: BaseException, capsys: pytest.CaptureFixture) -> tuple[int, str]:
    """Run a stage that raises `error`; return its exit code and what it said on stderr."""

    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        command.run(main)
    return end.value.code, capsys.readouterr().err


def test_a_mistake_is_a_line_and_exit_code_2(capsys) -> None:
    assert ended(UserError("x: wrong"), capsys) == (2, "error: x: wrong\n")


def test_ctrl_c_says_how_to_go_on(capsys) -> None:
    code, said = ended(KeyboardInterrupt(), capsys)
    assert code == 130 and "run the same command again" in said


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "read-only"),
    ],
)
def test_what_the_system_refuses_names_the_file(capsys, number, words) -> None:
    code, said = ended(OSError(number, "refused", "data/raw/mnist.npz"), capsys)
    assert code == 1
    assert said.startswith("error: data/raw/mnist.npz: ") and words in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("bug", [ValueError("a bug"), OSError(errno.EBADF, "a bug")])
def test_a_bug_keeps_its_traceback(bug) -> None:
    def main() -> None:
        raise bug

    with pytest.raises(type(bug), match="a bug"):
        command.run(main)


def test_a_full_disk_keeps_the_earlier_file(tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "metrics.json"
    atomic.write_text(path, "earlier")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemExit) as end:
        command.run(lambda: atomic.write_text(path, "later"))
    assert end.value.code == 1 and "the disk is full" in capsys.readouterr().err
    assert path.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]


def test_the_nearest_name() -> None:
    assert nearest("resnet81", ["resnet18", "vgg_cnn"]) == "; did you mean 'resnet18'?"
    assert nearest("something else", ["resnet18"]) == ""


def start(program: str) -> subprocess.CompletedProcess[str]:
    """Run `program` as Ctrl-C reaches it from a terminal."""
    with interruptible():
        return subprocess.run(
            [sys.executable, "-c", f"from heatproof.run import command\n{program}"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip


def test_ctrl_c_is_not_lost_while_something_is_cleared_away() -> None:
    """Python ignores what is raised in `__del__`; TensorFlow clears away with every epoch."""
    program = """
import signal, time
class Cleared:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def main():
    cleared = Cleared()
    del cleared
    time.sleep(5)
    print("went on")
command.run(main)
"""
    done = start(program)
    assert (done.stdout, done.returncode, done.stderr) == ("", 130, INTERRUPTED)


def test_ctrl_c_while_a_module_is_imported_is_a_line(tmp_path) -> None:
    (tmp_path / "slow.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    done = start(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); command.start('slow')")
    assert (done.returncode, done.stderr) == (130, INTERRUPTED)


def test_starting_chooses_kernels_and_importing_changes_nothing() -> None:
    program = """
import os, pkgutil, signal, sys
import heatproof.run as room
def state():
    return (dict(os.environ), sys.excepthook, sys.unraisablehook, sys.path[:], os.getcwd(),
            [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])
before = state()
for module in pkgutil.iter_modules(room.__path__):
    __import__(f"heatproof.run.{module.name}")
assert state() == before
assert "tensorflow" not in sys.modules
sys.modules["main"] = sys
sys.main = lambda: print(os.environ["TF_ENABLE_ONEDNN_OPTS"])
command.start("main")
"""
    done = start(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
