"""Libraries that raise, hang, or end their process: stubs, none of which loads TensorFlow."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from heatproof.crosscheck import sides
from heatproof.crosscheck.processes import OurSideFailed, computed
from heatproof.crosscheck.sides import Computed, Which
from heatproof.run.errors import UserError

NAMES = ("first", "second", "third")
STUBS = {
    "raises": "raise ImportError('no such thing')",
    "hangs": "import time; time.sleep(60)",
    "segfaults": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
    "is killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "exits as a copy's signal is told": "import sys; print('x', file=sys.stderr); sys.exit(139)",
}
OURS = {"tells": "import sys; sys.exit('error: data/x.npz: make it again')"}
REASONS = {
    "raises": "its process ended with exit code 1: ImportError: no such thing",
    "hangs": "no result within 1 s, when it was ended",
    "segfaults": "its process was ended by SIGSEGV",
    "is killed": "its process was ended by SIGKILL, by the system perhaps, for want of memory",
    "exits as a copy's signal is told": "its process was ended by SIGSEGV",
}


@pytest.fixture
def stub(tmp_path: Path) -> Callable[[str, Which], object]:
    """Return (what happens at the second method, whose side) -> a command that computes."""
    ready = tmp_path / "ready.npz"
    sides.write(ready, Computed({"maps": np.ones((1, 2, 2))}, 0.5))

    def command(what: str, which: Which) -> object:
        def of(names: Sequence[str], folder: Path) -> list[str]:
            lines = ["import shutil"]
            for name in names:
                if name == "second":
                    lines.append((STUBS | OURS)[what])
                lines.append(
                    f"shutil.copy({str(ready)!r}, {str(sides.place(folder, which, name))!r})"
                )
            return [sys.executable, "-S", "-c", "\n".join(lines)]

        return of

    return command


@pytest.mark.parametrize("what", STUBS)
def test_only_the_method_at_which_it_happens_has_no_result(stub, what: str) -> None:
    results = computed("other", NAMES, stub(what, "other"), 1.0 if what == "hangs" else 60.0)
    assert results["second"].error == REASONS[what] and not results["second"].arrays
    for name in ("first", "third"):
        assert not results[name].error and results[name].seconds == 0.5
        np.testing.assert_array_equal(results[name].arrays["maps"], np.ones((1, 2, 2)))


def test_what_goes_wrong_on_our_side_is_a_bug(stub) -> None:
    with pytest.raises(OurSideFailed, match="ImportError: no such thing"):
        computed("own", NAMES, stub("raises", "own"), None)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("tells", r"^data/x\.npz: make it again$"),
        ("is killed", "our own maps: its process was ended by SIGKILL, by the system perhaps"),
    ],
)
def test_what_a_user_can_put_right_on_our_side_is_a_line(stub, what: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        computed("own", NAMES, stub(what, "own"), None)


def test_a_library_that_computes_all_is_called_once(stub, tmp_path: Path) -> None:
    calls = []

    def counted(names: Sequence[str], folder: Path) -> list[str]:
        calls.append(tuple(names))
        return stub("raises", "other")(names, folder)

    results = computed("other", ("first", "third"), counted, 60.0)
    assert calls == [("first", "third")] and list(results) == ["first", "third"]
    assert computed("other", (), counted, 60.0) == {} and len(calls) == 1
