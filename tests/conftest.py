"""What every test stands on: a quiet environment, and what to skip where it cannot run."""

import gc
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from heatproof.run import runtime

# Before anything imports TensorFlow, as an entry point does.
runtime.choose_kernels()
os.environ["MPLBACKEND"] = "agg"
# A test that is about tracking turns it on for itself, towards a database of its own.
os.environ["STUDY_TRACKING"] = "off"
os.environ.pop("MLFLOW_TRACKING_URI", None)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no worker has one left when the others are done.

    Skip what this machine cannot run, saying why. Under CI a missing browser is a failure.
    """
    slow = Counter(item.path for item in items if "slow" in item.keywords)
    items.sort(key=lambda item: -slow[item.path])  # the order within a file stays
    browser = any(shutil.which(name) for name in BROWSERS)
    for item in items:
        if "browser" in item.keywords and not browser and not os.environ.get("CI"):
            item.add_marker(pytest.mark.skip(reason="no Chromium or Chrome on this machine"))
        if "gpu" in item.keywords and not shutil.which("nvidia-smi"):
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU on this machine"))


def pytest_collection_finish() -> None:
    """Have what is loaded by now, which stays, not be gone through for garbage again and again.

    Nor what is new after every few hundred objects: to make a graph takes a hundred thousand.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the repository's root. Read it; write to scratch copies only."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what is compiled as it is: for a few images, compiling would take most of the time."""
    from heatproof.attribution.core.network import Network

    monkeypatch.setattr(Network, "compiled", lambda self, key, function, autograph=False: function)
