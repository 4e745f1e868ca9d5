"""A scratch copy of the repository with the real params.yaml shrunk, and DVC run in it for real."""

import contextlib
import copy
import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

from tests import overlay

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("heatproof", "stages", "tools", "dvc.yaml", "params.yaml", "claims.yaml",
          "Makefile", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore")  # fmt: skip
TINY = {"simple_cnn": {"filters": [2, 2]}, "baseline_cnn": {"filters": [2, 3]}}
SCHEDULE = {"epochs": 1, "batch_size": 64, "train_images": 256, "augment": False}

# Where it counts that methods run, not what they say.
FEW_SAMPLES = {
    "images": {"right_per_class": 1, "wrong_per_class": 0},
    "gradients": {
        "smoothgrad": {"samples": 4},
        "vargrad": {"samples": 4},
        **{
            f"integrated_gradients_{start}": {"steps": 4, "max_steps": 8}
            for start in ("black", "mean", "blurred")
        },
    },
    "perturbation": {
        "rise": {"masks": 20},
        "sobol": {"pairs": 2, "grid_size": 3},
        "hsic": {"masks": 20},
        "lime": {"samples": 50},
    },
    "shapley": {
        "gradient_shap": {"background": 4, "samples": 4},
        "deep_shap": {"background": 4},
        "partition_shap": {"background": 4, "evaluations": 40},
    },
    "features": {"maximisation": {"layers": 1, "steps": 3}},
    "counterfactual": {"steps": 5},
}
# What the pipeline is run with: that every method works is what other tests are for.
PIPED = {
    "gradients": ("gradcam", "saliency"),
    "perturbation": ("lime",),
    "shapley": ("gradient_shap",),
}
PIPED_MEASURES = ("faithfulness", "localisation", "randomisation", "simplicity")
FEW_TESTS = {
    "images": 4,
    "bootstrap_samples": 100,
    "measures": {
        "faithfulness": {"steps": 4},
        "infidelity": {"samples": 4},
        "randomisation": {"steps": 2, "smooth_samples": 1},
        "road": {"steps": 1, "images": 2},
        "robustness": {"samples": 1},
        "manipulation": {"images": 1, "epsilons": [0.02], "steps": 1},
        "saco": {"groups": 3},
        **{name: {} for name in ("localisation", "randomised_entropy", "simplicity")},
    },
    "slow_methods": {"images": 1},
}


def cell(name: str) -> dict[str, str]:
    """Return a cell's entry for params.yaml."""
    model, dataset = name.split("-")
    return {"model": model, "dataset": dataset}


@functools.cache
def _read_once(path: Path) -> dict[str, Any]:
    return overlay.read(path)


def real_params(repository: Path = ROOT) -> dict[str, Any]:
    """Return the real params.yaml, to be changed at will; it is parsed once a process."""
    return copy.deepcopy(_read_once(repository / "params.yaml"))


def shrunken_params(*cells: str) -> dict[str, Any]:
    """Return the real params.yaml with these cells only, tiny networks, one epoch, few images."""
    real = real_params()
    chosen = {name: cell(name) for name in cells}
    used = {entry["model"] for entry in chosen.values()}
    models = {
        name: {
            "network": TINY.get(name, {}),
            "schedules": {
                budget: dict.fromkeys(rows, SCHEDULE)
                for budget, rows in real["models"][name]["schedules"].items()
            },
        }
        for name in used
    }
    return overlay.overlaid(
        real,
        {
            "budget": "cpu",
            "seed": 42,
            "cells": chosen,
            "models": models,
            "evaluate": {"train_images": 64, "bootstrap_samples": 100},
            "explain": FEW_SAMPLES,
            "assess": FEW_TESTS,
            "published_sanity": {"images": 20, "draws": 1},
            "domains": {"images": 12, "explained": 6, "corruptions": ["brightness", "jpeg"]},
        },
    )


def piped_params(*cells: str) -> dict[str, Any]:
    """Return `shrunken_params` with a few methods and measures alone."""
    content = shrunken_params(*cells) | {"crosscheck": {"images": 0}}
    for family, methods in PIPED.items():
        listed = content["explain"][family]
        content["explain"][family] = {method: listed[method] for method in methods}
    measures = content["assess"]["measures"]
    content["assess"]["measures"] = {name: measures[name] for name in PIPED_MEASURES}
    return content


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a stage: this Python first, nothing left of the caller's DVC."""
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "DATASETS_MIRROR", "MLFLOW_TRACKING_URI")
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in dropped and not key.startswith(("DVC", "GIT_"))
    }
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    return {**kept, "STUDY_TRACKING": "off", **more}


def has_jax() -> bool:
    """Return whether JAX is installed beside TensorFlow, as requirements-dev.txt has it."""
    return importlib.util.find_spec("jax") is not None


def copy_repository(path: Path) -> None:
    """Copy the working tree's code and settings (not its results) to `path`.

    With what is compiled of the code: to compile it in each copy would take seconds.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", *COPIED],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
        if name.endswith(".py") and Path(cache_from_source(str(ROOT / name))).is_file():
            compiled = Path(cache_from_source(str(path / name)))
            compiled.parent.mkdir(exist_ok=True)
            shutil.copy2(cache_from_source(str(ROOT / name)), compiled)


@dataclass(frozen=True)
class Scratch:
    """A scratch repository at `path`."""

    path: Path

    def run(self, *words: str, timeout: float = 580) -> subprocess.CompletedProcess[str]:
        """Run `python -m <words>` in the repository; both streams end up in stdout."""
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=self.path, env=environment(), timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip

    def repro(self, *targets: str) -> tuple[set[str], set[str]]:
        """Run `dvc repro`; return the stages that ran, and those restored from the run-cache."""
        done = self.run("dvc", "repro", *targets)
        assert done.returncode == 0, done.stdout
        ran = set(re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE))
        restored = set(re.findall(r"^Stage '(.+)' is cached", done.stdout, re.MULTILINE))
        return ran, restored

    def changed(self) -> set[str]:
        """Return the stages of which a dependency, a parameter or an output is not as noted."""
        from dvc.repo import Repo

        with contextlib.chdir(self.path), Repo() as repo:
            return set(repo.status())

    def contents(self, *tops: str) -> dict[str, str]:
        """Return the hash of each file under these folders, by its path; durations left out."""
        return {
            path.relative_to(self.path).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for top in tops
            for path in sorted((self.path / top).rglob("*"))
            if path.is_file() and "timing" not in path.parts
        }

    def tell_durations_of(self, other: "Scratch") -> None:
        """Write the report again with another repository's durations, which are never the same."""
        for path in (other.path / "data" / "timing").rglob("*.json"):
            shutil.copy2(path, self.path / path.relative_to(other.path))
        done = self.run("stages.report")
        assert done.returncode == 0, done.stdout

    def git(self, *words: str) -> str:
        """Run git in the repository and return what it prints."""
        return subprocess.run(
            ["git", *words], cwd=self.path, env=environment(), capture_output=True, text=True,
            check=True,
        ).stdout  # fmt: skip

    @property
    def params(self) -> dict[str, Any]:
        """params.yaml as it stands."""
        return overlay.read(self.path / "params.yaml")

    def change(self, key: str, value: Any) -> None:
        """Set one parameter, such as `explain.images.right_per_class`."""
        content = self.params
        *parents, last = key.split(".")
        place = content
        for part in parents:
            place = place.setdefault(part, {})
        place[last] = value
        overlay.write(self.path / "params.yaml", content)

    def write_params(self, content: dict[str, Any]) -> None:
        """Replace params.yaml."""
        overlay.write(self.path / "params.yaml", content)

    @classmethod
    def make(cls, path: Path, *cells: str) -> "Scratch":
        """Make a scratch repository with these cells, committed, nothing run yet."""
        copy_repository(path)
        overlay.write(path / "params.yaml", piped_params(*cells))
        scratch = cls(path)
        scratch.git("init", "-q")
        scratch.git("config", "user.name", "Somebody")
        scratch.git("config", "user.email", "somebody@example.org")
        scratch.git("add", "-A")
        scratch.git("commit", "-q", "-m", "A study")
        return scratch
