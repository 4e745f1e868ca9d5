"""`make setup` with a pip that only tells what it was asked."""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scratch import ROOT

# In the place of the environment's Python: what is no call of pip is run by the real one.
TELLS = """#!/bin/sh
case "$*" in *"-m pip"*) echo "$@"; env | grep '^PIP_'; {then} ;; *compileall*) exit ;; esac
exec "{python}" "$@"
"""
ELSEWHERE = {
    "PIP_USER": "1", "PIP_TARGET": "/elsewhere", "PIP_PREFIX": "/elsewhere", "PIP_DRY_RUN": "1",
    "PIP_ROOT": "/elsewhere", "PIP_PYTHON": "/elsewhere/python",
}  # fmt: skip


def setup(folder: Path, pin: str, then: str = "exit") -> subprocess.CompletedProcess[str]:
    """Install requirements of one pin into a folder's environment, by a pip that does this then."""
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(TELLS.format(python=sys.executable, then=then))
    python.chmod(0o755)
    (folder / "requirements.txt").write_text(f"{pin} \\\n    --hash=sha256:00\nother==1 ; never\n")
    return subprocess.run(
        ["sh", ROOT / "tools/environment.sh", "requirements.txt"], cwd=folder, text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **ELSEWHERE},
        capture_output=True, check=False,
    )  # fmt: skip


def test_it_installs_here_by_hash_whatever_pip_is_set_to(tmp_path: Path) -> None:
    done = setup(tmp_path, f"numpy=={importlib.metadata.version('numpy')}")
    assert done.returncode == 0, done.stderr
    install, project = (line for line in done.stdout.splitlines() if line.startswith("-m pip"))
    assert install.endswith("--require-hashes -r requirements.txt")
    assert project.endswith("--no-deps --no-build-isolation -e .")
    assert set(re.findall(r"^PIP_.*=.*[^0\n]$", done.stdout, re.MULTILINE)) == set()


def test_of_what_pip_tells_a_few_lines_are_shown_and_it_may_fail(tmp_path: Path) -> None:
    lines = (
        "Collecting tensorflow==2.21.0 (from -r requirements.txt (line 3))",
        "  Downloading tensorflow-2.21.0-cp311.whl (620.9 MB)",
        "  Downloading six-1.17.0.whl (11 kB)",
        "Downloading rich-14.0.0.whl (0.2 MB)",
        "Installing collected packages: six, tensorflow",
        "something else",
    )
    tells = "".join(f"echo '{line}'; " for line in lines)
    done = setup(tmp_path, "numpy==1.0", then=f"{tells} exit 3")
    assert done.returncode == 3, "as pip ended"
    shown = [line for line in done.stdout.splitlines() if not line.startswith(("PIP_", "-m pip"))]
    assert shown[-3:] == [
        "  downloading tensorflow-2.21.0-cp311.whl (620.9 MB)", "  unpacking the packages",
        "something else",
    ]  # fmt: skip
    assert "the first time this takes" in shown[1]


@pytest.mark.parametrize("pin", ["numpy==1.0", "not-to-be-had==1.0"])
def test_what_was_not_installed_is_told(tmp_path: Path, pin: str) -> None:
    done = setup(tmp_path, pin)
    assert done.returncode == 2
    assert f"not installed: {pin.partition('=')[0]}\n" in done.stderr
    assert "error: .venv does not hold what requirements.txt pins: " in done.stderr
    assert "Traceback" not in done.stderr


def test_programs_are_found_whatever_python_is_set_to() -> None:
    unset = ("PYTHONSAFEPATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    done = subprocess.run(
        ["make", "-s", "--eval", "probe: ; @env", "probe"], cwd=ROOT, text=True,
        env=os.environ | dict.fromkeys(unset, "1"), capture_output=True, check=True,
    )  # fmt: skip
    assert not any(line.startswith(unset) for line in done.stdout.splitlines())


@pytest.mark.parametrize("file", sorted(path.name for path in ROOT.glob("requirements*.txt")))
def test_every_requirement_is_pinned_by_hash_and_names_no_index(file: str) -> None:
    text = (ROOT / file).read_text()
    pins = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in pin for pin in pins[1:]) and len(pins) > 1
    assert "://" not in text and "--index" not in text
