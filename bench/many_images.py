"""The memory of stages on few and on many large images: `python -m bench.many_images`

A study of one cell whose pictures are drawn here (`source: shapes`), once with few and once with
many of them, 60,000 of 224×224 by default: 8.4 GiB, which takes twice as much disk for a while.
Fetching, preparing, training (one epoch of a few steps, as `bench.memory` has it) and evaluating
run as processes of their own; the figure is the most that was resident at any time. The goal is
that many images take no more than few, but for what is kept of each of them (its label, its place
and its checksum): a twentieth.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("bench.many_images")

import os
import tempfile
from pathlib import Path

from bench import record
from bench.memory import peak_gib
from bench.results import PROJECT, Measurement
from heatproof.datasets.sources.shapes import SHAPES
from tests import overlay, scratch

PART = "many-images"
GOAL = 1 / 1.05
MODEL, DATASET = "mobilenet_v2", "pictures"
CELL = f"{MODEL}-{DATASET}"
# Pictures in either study: to pass more takes longer, and no more memory.
TESTED, VALIDATED = 400, 200
STAGES = {
    "fetch": ("stages.fetch", "--dataset", DATASET),
    "preprocess": ("stages.preprocess", "--dataset", DATASET),
    "train": ("stages.train", "--run", CELL),
    "evaluate": ("stages.evaluate", "--run", CELL),
}


def write_params(folder: Path, images: int, side: int, batch: int) -> None:
    """Write the params.yaml of a study of so many pictures, of one epoch.

    Args:
        folder: of the study.
        images: how many there are, `TESTED` of them to test with.
        side: of a picture, in pixels.
        batch: of a training step.
    """
    content = scratch.real_params()
    per_class = {"test": TESTED // len(SHAPES), "train": (images - TESTED) // len(SHAPES)}
    content["datasets"] = {
        DATASET: {
            "fetch": {
                "source": "shapes", "size": side, "seed": 1, "reads": "data/code/fetch.txt",
                "train_per_class": per_class["train"], "test_per_class": per_class["test"],
            },
            "preprocess": {"test_fraction": 0.2},
            "normalisation": "auto",
            "augmentation": "none",
        }
    }  # fmt: skip
    model = content["models"][MODEL]
    schedule = {"epochs": 1, "batch_size": batch, "learning_rate": 0.001, "decay": "constant"}
    model["schedules"] = {budget: {"default": schedule} for budget in model["schedules"]}
    # As many to validate with in either study: they are passed whole.
    model["training"] = {"validation_fraction": round(VALIDATED / (images - TESTED), 6)}
    content["models"] = {MODEL: model}
    content["cells"] = content["runs"] = {CELL: {"model": MODEL, "dataset": DATASET}}
    content |= {name: {} for name in (*overlay.PLACES, "evaluate_on", "derived", "members", "tune")}
    content["assess"]["foreground"] = []
    content["evaluate"]["train_images"] = TESTED
    overlay.write(folder / "params.yaml", content)


def peaks(images: int, side: int, batch: int, steps: int) -> dict[str, tuple[float, str]]:
    """Return what each stage takes with so many images: GiB, and why if it failed."""
    # Not in memory, as temporary folders may be.
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK", Path.cwd())) as place:
        folder = Path(place)
        scratch.copy_repository(folder)
        write_params(folder, images, side, batch)
        return {
            stage: peak_gib(["python", "-m", *words], folder, steps)
            for stage, words in STAGES.items()
        }


def main() -> None:
    """Measure each stage with few and with many images."""
    parser = record.parser(__doc__ or "")
    parser.add_argument("--few", type=int, default=1200)
    parser.add_argument("--many", type=int, default=60_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    few, many = (
        peaks(images, options.side, options.batch, options.steps)
        for images in (options.few, options.many)
    )
    peer = f"with {options.few:,} images"
    with record.into(options.results) as take:
        for stage in STAGES:
            sides = {PROJECT: many[stage], peer: few[stage]}
            take(
                Measurement(
                    PART,
                    f"{stage}, {options.many:,} images of {options.side}×{options.side}",
                    "GiB",
                    "less",
                    {name: [] if why else [gib] for name, (gib, why) in sides.items()},
                    absent={name: why for name, (_, why) in sides.items() if why},
                    goal=GOAL,
                    note=f"{MODEL}, batches of {options.batch}",
                )
            )
