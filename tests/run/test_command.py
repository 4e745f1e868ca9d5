"""How a stage ends: a sentence for what a user can put right, a traceback for a bug."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from heatproof.run import ending, memory
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
        ending.run(main)
    return end.value.code, capsys.readouterr().err


def test_a_mistake_is_a_line_and_exit_code_2(capsys) -> None:
    assert ended(UserError("x: wrong"), capsys) == (2, "error: x: wrong\n")


def test_ctrl_c_prints_how_to_resume(capsys) -> None:
    with interruptible():  # what it leaves of Ctrl-C is not for these tests
        code, said = ended(KeyboardInterrupt(), capsys)
    assert code == 130 and "run the same command again" in said


def test_of_ctrl_c_a_stage_of_a_run_says_nothing_and_others_what_they_know(
    capsys, monkeypatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@a")
    told = KeyboardInterrupt("interrupted while waiting")
    with interruptible():
        assert ended(told, capsys) == (130, "interrupted while waiting\n")
        monkeypatch.setenv("STUDY_RUN", "1")
        assert ended(told, capsys) == (130, "")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "read-only"),
        (errno.ENAMETOOLONG, "the name is too long"),
        (errno.ELOOP, "in a circle"),
        (errno.ENOTDIR, "is a file"),
    ],
)
def test_what_the_system_refuses_names_the_file(capsys, number, words) -> None:
    code, said = ended(OSError(number, "refused", "data/raw/mnist.npz"), capsys)
    assert code == 1
    assert said.startswith("error: data/raw/mnist.npz: ") and words in said
    assert said.count("\n") == 1


class ResourceExhaustedError(Exception):
    """TensorFlow's, by its name: it need not be loaded."""


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (MemoryError(), ""),
        (MemoryError("Unable to allocate 2.4 GiB for an array with shape (9,)"), "2.4 GiB"),
        (ResourceExhaustedError(
            "Graph execution error:\n\nOOM when allocating tensor with shape[64,1024,64,64] and "
            "type float on /job:localhost/device:CPU:0 by allocator cpu"), "1.00 GiB"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 4096 bytes."), "4096 bytes"),
        (RuntimeError("can't start new thread"), ""),
        (ImportError("libx.so: failed to map segment from shared object"), ""),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ""),
    ],
)  # fmt: skip
def test_lack_of_memory_is_a_line_that_says_what_to_lower(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, error: Exception, asked: str
) -> None:
    for place in ("stages.train", "/a b/stages/train.py"):  # as the fork server has it, and Python
        monkeypatch.setattr(sys, "argv", [place, "--run", "x-d"])
        code, said = ended(error, capsys)
        assert code == 1 and said.count("\n") == 1
        amount = f": {asked} more were asked for" if asked else ""
        assert said.startswith(f"error: train --run x-d: out of memory{amount}; lower batch_size")


@pytest.mark.parametrize("stage", ["fetch", "preprocess", "inspect"])
def test_a_dataset_that_is_too_large_for_memory_can_be_lowered(stage: str) -> None:
    said = memory.message([f"stages.{stage}", "--dataset", "d"], "")
    assert said.startswith(f"{stage} --dataset d: out of memory; lower the number or the size of")


@pytest.mark.parametrize("bug", [ValueError("a bug"), OSError(errno.EBADF, "a bug")])
def test_a_bug_keeps_its_traceback(bug) -> None:
    def main() -> None:
        raise bug

    with pytest.raises(type(bug), match="a bug"):
        ending.run(main)


def test_a_full_disk_keeps_the_earlier_file(tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "metrics.json"
    atomic.write_text(path, "earlier")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SystemExit) as end:
        ending.run(lambda: atomic.write_text(path, "later"))
    assert end.value.code == 1 and "the disk is full" in capsys.readouterr().err
    assert path.read_text() == "earlier"
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.json"]


def test_the_nearest_name() -> None:
    assert nearest("resnet81", ["resnet18", "vgg_cnn"]) == "; did you mean 'resnet18'?"
    assert nearest("wasp", ["ants", "bees"]) == "", "short words are alike by chance"
    assert nearest("ant", ["ants", "bees"]) == "; did you mean 'ants'?"
    assert nearest("anst", ["ants", "bees"]) == "; did you mean 'ants'?"
    assert nearest("something else", ["resnet18"]) == ""


def start(program: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run `program` as Ctrl-C reaches it from a terminal."""
    with interruptible():
        return subprocess.run(
            [sys.executable, "-c", f"from heatproof.run import command, ending\n{program}"],
            cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False,
            **{"stdout": subprocess.PIPE} | more,
        )  # fmt: skip


@pytest.mark.parametrize("when", ["at work", "loading what it starts with"])
def test_ctrl_c_is_not_lost_while_something_is_cleared_away(when: str) -> None:
    """Python ignores what is raised in `__del__`; TensorFlow clears away with every epoch."""
    program = """
import signal, sys, time
class Cleared:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def main():
    cleared = Cleared()
    del cleared
    time.sleep(200)
    print("continued")
if sys.argv[1] == "at work":
    sys.modules["program"], sys.main = sys, main
else:
    class Finder:
        find_spec = lambda *_: sys.meta_path.remove(finder) or main()
    finder = Finder()
    sys.meta_path.insert(0, finder)
    del sys.modules["heatproof.run.ending"]
command.start("program")
""".replace("sys.argv[1]", repr(when))
    done = start(program)
    assert (done.stdout, done.returncode, done.stderr) == ("", 130, INTERRUPTED)


def test_ctrl_c_while_a_module_is_imported_is_a_line(tmp_path) -> None:
    (tmp_path / "slow.py").write_text(
        "import atexit, signal\n"
        # Once more while Python ends, it would end the process by the signal.
        "atexit.register(lambda: print(signal.getsignal(signal.SIGINT).name))\n"
        "signal.raise_signal(signal.SIGINT)\n"
    )
    done = start(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); command.start('slow')")
    assert (done.stdout, done.returncode, done.stderr) == ("SIG_IGN\n", 130, INTERRUPTED)


def test_ctrl_c_is_left_to_the_program_that_is_run_which_takes_its_time() -> None:
    child = """
import os, signal, sys, time
try:
    os.killpg(0, signal.SIGINT)  # to both, as a terminal sends it
    time.sleep(200)
except KeyboardInterrupt:
    time.sleep(0.5)  # longer than subprocess.run would wait
    sys.exit("saved")
"""
    program = f"""
import sys
from pathlib import Path
from heatproof.run import interrupts
words = [sys.executable, "-c", {child!r}]
ending.run(lambda: sys.exit(interrupts.left_to(words, Path())))
"""
    done = start(program, start_new_session=True)
    assert (done.returncode, done.stderr) == (1, "saved\n")


def test_starting_chooses_kernels_and_importing_changes_nothing() -> None:
    program = """
import os, pkgutil, signal, sys
import heatproof.run as package
def state():
    return (dict(os.environ), sys.excepthook, sys.unraisablehook, sys.path[:], os.getcwd(),
            [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)])
before = state()
for module in pkgutil.iter_modules(package.__path__):
    __import__(f"heatproof.run.{module.name}")
assert state() == before
assert not {"tensorflow", "matplotlib"} & sys.modules.keys()
sys.modules["main"] = sys
sys.main = lambda: print(os.environ["TF_ENABLE_ONEDNN_OPTS"])
command.start("main")
"""
    done = start(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


def test_figures_are_drawn_alike_in_a_notebooks_terminal() -> None:
    program = """
import sys
sys.modules["main"] = sys
def main():
    import matplotlib
    print(matplotlib.get_backend(), matplotlib.matplotlib_fname())
sys.main = main
command.start("main")
"""
    inline = "module://matplotlib_inline.backend_inline"
    done = start(program, env=os.environ | {"MPLBACKEND": inline})
    assert (done.returncode, done.stdout) == (0, "agg /dev/null\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("program", "code", "told"),
    [
        ("ending.run(lambda: print('x'))", 141, ""),
        ("ending.run(lambda: print('x', flush=True))", 141, ""),
        ("import sys\nending.run(lambda: sys.exit(print('x', flush=False)))", None, ""),
        (
            "from heatproof.run.errors import UserError\n"
            "def main():\n    print('x', end='')\n    raise UserError('the mistake')\n"
            "ending.run(main)", None, "error: the mistake\n",
        ),
    ],
)  # fmt: skip
def test_a_closed_pipe_is_no_traceback(program, code, told, unbuffered) -> None:
    """`| head`: what was printed is read no more."""
    ours, closed = os.pipe()
    os.close(ours)
    try:
        done = start(program, stdout=closed, env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    finally:
        os.close(closed)
    assert done.stderr in (told, "")
    assert code in (None, done.returncode)
    assert not unbuffered or told in done.stderr or done.returncode == 141


def test_another_pipe_that_is_closed_is_a_bug() -> None:
    program = "import os\ndef main():\n    a, b = os.pipe(); os.close(a); os.write(b, b'x')\n"
    assert "BrokenPipeError" in start(f"{program}ending.run(main)").stderr


def test_a_full_disk_is_reported_for_printed_output_too() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = start("ending.run(lambda: print('x'))", stdout=full)
    assert "error: the disk is full" in done.stderr and "Traceback" not in done.stderr


def test_what_an_encoding_lacks_is_escaped() -> None:
    environment = os.environ | {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    program = "import sys\nsys.modules['main'] = sys\nsys.main = lambda: print('3 – 4 × 5')\n"
    done = start(f"{program}command.start('main')", env=environment, encoding="latin-1")
    assert (done.returncode, done.stdout) == (0, "3 \\u2013 4 × 5\n")


def test_a_program_without_arguments_refuses_them_and_prints_its_purpose() -> None:
    program = "import sys\nsys.argv[1:] = {}\ncommand.start('stages.report', purpose='Be so.')"
    done = start(program.format(["--help"]))
    assert done.returncode == 0 and "Be so." in done.stdout
    done = start(program.format(["x"]))
    assert done.returncode == 2 and done.stderr.endswith("unrecognized arguments: x\n")
