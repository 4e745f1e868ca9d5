"""Explaining and assessing a cell of large images: `python -m bench.large_images`

A study of its own, in a scratch folder: drawn shapes of 224×224 pixels, a network of one short
training, in batches as `heatproof new` proposes for them, 20 test images. The stages that explain
and assess run twice. First each as a process of its own, with the seconds and the greatest resident
memory that the operating system tells, and the CPU's seconds, which others' load on a shared
machine harms least. Then as `make repro` and `heatproof repro` run them, as copies of a process
that has TensorFlow loaded: what a user waits for. Exits with 1 where that takes more than 5
minutes, or any stage more than 2 GiB.
`--model` takes any network of params.yaml, `--backbone` a published one.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.large_images")

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench import machine, record
from bench.results import PROJECT, Measurement, under
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.run import forkserver
from tests import overlay
from tests.scratch import ROOT, environment, real_params

PART = "large-images"
LIMIT_SECONDS, LIMIT_GIB = 300.0, 2.0
DATASET = "shapes"
SOURCE = {"train_per_class": 60, "test_per_class": 25}
SCHEDULE = {"epochs": 4, "batch_size": 16, "learning_rate": 0.003, "augment": False}

# A process begins with the greatest memory of the one that starts it, so that one has to be small.
STARTER = """
import os, subprocess, sys, time
started = time.monotonic()
process = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as file:
    print(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss,
          os.waitstatus_to_exitcode(status), file=file)
"""


# In a process of its own: this one stays small, and the stages have TensorFlow to themselves.
PROPOSING = """
import sys
from pathlib import Path
from heatproof.run import runtime
runtime.choose_kernels()
from heatproof.new.proposal import largest_batches
file, cell, pixels = sys.argv[1:]
print(*largest_batches(Path(file), [cell], (int(pixels), int(pixels), 3), 10).values())
"""


class Used(NamedTuple):
    """What a stage took, and the last line that it printed if it failed."""

    seconds: float
    cpu_seconds: float
    gib: float
    failure: str


def main() -> None:
    """Measure each stage; exit with 1 if a goal is missed."""
    parser = record.parser(__doc__)
    parser.add_argument("--model", default="mobilenet_v2", help="of params.yaml")
    parser.add_argument(
        "--backbone",
        help="instead of a model a published network, such as MobileNetV2 or EfficientNetLite0",
    )
    parser.add_argument(
        "--weights",
        choices=("none", "imagenet"),
        default="none",
        help="of the backbone: random ones, for which no file is needed, or those of ImageNet",
    )
    parser.add_argument("--pixels", type=int, default=224, help="of a side")
    parser.add_argument("--images", type=int, default=20, help="that are explained and assessed")
    options = parser.parse_args()
    machine.warn_if_busy()
    model = (options.backbone or options.model).lower()
    cell = f"{model}-{DATASET}"
    case = f"{model}, {options.images} images of {options.pixels}×{options.pixels}"
    with tempfile.TemporaryDirectory() as place, record.into(options.results) as take:
        folder = Path(place)
        content = study(model, options.pixels, options.images, options.backbone, options.weights)
        overlay.write(folder / "params.yaml", content)
        schedule = content["models"][model]["schedules"]["cpu"]["default"]
        schedule["batch_size"] = fitting_batch(schedule["batch_size"], cell, folder, options.pixels)
        overlay.write(folder / "params.yaml", content)
        for words in making(cell):
            used = run(words, folder)
            if used.failure:
                sys.exit(f"{' '.join(words)}: {used.failure}")
            take(*measurements(f"{case}: {words[0].removeprefix('stages.')}", used))
        failures = []
        for name, words in measured(cell).items():
            used = run(words, folder)
            take(*measurements(f"{case}: {name}", used))
            failures += [f"{name}: {used.failure}"] if used.failure else []
        absent = {PROJECT: "; ".join(failures)} if failures else {}
        seconds = [] if failures else [as_repro_runs_them(cell, folder)]
        take(under(PART, case, "s", seconds, LIMIT_SECONDS, absent=absent))


def as_repro_runs_them(cell: str, folder: Path) -> float:
    """Return the seconds of all stages to measure, where TensorFlow is loaded once for all."""
    with forkserver.offered():
        started = time.monotonic()
        for name, words in measured(cell).items():
            if failure := run(words, folder).failure:
                sys.exit(f"{name}: {failure}")
        return time.monotonic() - started


def study(
    model: str, pixels: int, images: int, backbone: str | None = None, weights: str = "none"
) -> dict:
    """Return the real params.yaml with one cell, of large images.

    Args:
        model: of params.yaml, or what the backbone is called.
        pixels: of an image's side.
        images: how many are explained and assessed.
        backbone: a published network.
        weights: of the backbone, "none" or "imagenet".
    """
    entry: dict = {"schedules": {"cpu": {"default": SCHEDULE}}}
    if backbone:
        network = {"architecture": "pretrained", "backbone": backbone, "weights": weights}
        schedule = SCHEDULE | {"decay": "one_cycle"}
        entry = {"network": network, "schedules": {"cpu": {"default": schedule}}}
    example = overlay.read(ROOT / "examples" / DATASET / "study.yaml")["datasets"][DATASET]
    changed = {
        "datasets": {DATASET: example | {"fetch": example["fetch"] | SOURCE | {"size": pixels}}},
        "models": {model: entry},
        "assess": {"images": images},
        "cells": {f"{model}-{DATASET}": {"model": model, "dataset": DATASET}},
    }
    return overlay.overlaid(real_params(), changed)


def fitting_batch(wanted: int, cell: str, folder: Path, pixels: int) -> int:
    """Return the batch of training images that `heatproof new` would propose, at most `wanted`."""
    file, shape = str(folder / "params.yaml"), str(pixels)
    words = [sys.executable, "-c", PROPOSING, file, cell, shape]
    proposed = subprocess.run(
        words, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=True
    )
    return min(wanted, int(proposed.stdout))


def making(cell: str) -> list[list[str]]:
    """Return the stages before, each as a module and its options."""
    return [
        ["stages.fetch", "--dataset", DATASET],
        ["stages.preprocess", "--dataset", DATASET],
        ["stages.train", "--run", cell],
        ["stages.evaluate", "--run", cell],
    ]


def measured(cell: str) -> dict[str, list[str]]:
    """Return the stages to measure, by name."""
    of_cell, families = ["--cell", cell], [["--family", family] for family in STAGE_FAMILIES]
    explain = {f"explain_{f[1]}": ["stages.explain", *of_cell, *f] for f in families}
    measure = {f"measure_{f[1]}": ["stages.measure", *of_cell, *f] for f in families}
    return {
        **explain,
        "explain_features": ["stages.explain_features", *of_cell],
        "explain_counterfactual": ["stages.explain_counterfactual", *of_cell],
        **measure,
        "assess": ["stages.assess", *of_cell],
    }


def run(words: Sequence[str], folder: Path) -> Used:
    """Run a stage in a study's folder.

    Args:
        words: a module and its options.
        folder: where params.yaml is.
    """
    with tempfile.TemporaryFile() as printed, tempfile.NamedTemporaryFile("r") as reported:
        stage = [sys.executable, "-m", *words]
        subprocess.run(
            [sys.executable, "-S", "-c", STARTER, reported.name, *stage],
            cwd=folder, env=environment(PYTHONPATH=str(ROOT)), stdout=printed,
            stderr=subprocess.STDOUT, check=True,
        )  # fmt: skip
        seconds, cpu, kib, code = map(float, reported.read().split())
        printed.seek(0)
        lines = printed.read().decode(errors="replace").strip().splitlines()
    return Used(seconds, cpu, kib / 2**20, (lines or ["it ended"])[-1] if code else "")


def measurements(case: str, used: Used) -> list[Measurement]:
    """Return a stage's time, and its memory beside the limit; without values where it failed."""
    absent = {PROJECT: used.failure} if used.failure else {}
    seconds, gib = ([], []) if used.failure else ([used.seconds], [used.gib])
    cpu = f"{used.cpu_seconds:.0f} s of CPU"
    return [
        Measurement(PART, case, "s", "less", {PROJECT: seconds}, absent, note=cpu),
        under(PART, f"{case}, memory", "GiB", gib, LIMIT_GIB, absent=absent),
    ]
