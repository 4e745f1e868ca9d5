"""A study of one's own keeps the tests green: they read what params.yaml has, whatever that is."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import overlay
from tests.scratch import ROOT, environment, real_params

# Those that read params.yaml most. `make test` in the copy would run the others as well.
FOLDERS = ("tests/config", "tests/claims", "tests/storage", "tests/stages", "tests/report",
           "tests/end_to_end/test_dependencies.py")  # fmt: skip


def own_params() -> dict[str, Any]:
    """Return the real params.yaml with a model and a dataset added, and two cells in all."""
    content = real_params()
    content["models"]["my_cnn"] = content["models"]["simple_cnn"]
    content["datasets"]["mine"] = content["datasets"]["digits"]
    content["cells"] = {
        f"{model}-mine": {"model": model, "dataset": "mine"} for model in ("my_cnn", "baseline_cnn")
    }
    content["runs"] = dict(content["cells"])
    for name in ("shuffled", "compared", "published", "corrupted", "evaluate_on"):
        content[name] = {}
    return content | {"budget": "best", "seed": 7}


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_the_tests_pass_in_it(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True,
        check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    overlay.write(tmp_path / "params.yaml", own_params())
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Own"]):
        subprocess.run([*git, *words], cwd=tmp_path, env=environment(), check=True)

    def tested(*words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", "-q", *words], cwd=tmp_path,
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-5000:]

    tested("--collect-only")
    tested("-m", "not slow and not thorough and not browser", *FOLDERS)
