"""Compare a cell with its run of another seed. `python -m stages.compare_runs --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.compare_runs", uses="tensorflow", check="heatproof.config.params:load")

import argparse

import numpy as np

from heatproof.config import params
from heatproof.features.twins import compare_twins
from heatproof.models.build import trained_network
from heatproof.run import runtime, tracking
from heatproof.storage import artifacts

FAMILY = "runs"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a cell with its run of another seed.")
    parser.add_argument(
        "--cell", required=True, help="a cell that params.yaml lists under compared"
    )
    compare(parser.parse_args().cell)


def compare(cell: str) -> None:
    """Compare the filters and the maps of a cell's two networks; write what is found.

    Raises:
        UserError: the cell is unknown or not listed, an earlier stage's file is missing or does
            not fit, or Keras runs on another backend than TensorFlow.
    """
    study = params.load()
    other = study.listed("compared", cell).run
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    runtime.configure(study.threads, study.seed)
    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    models = [trained_network(study.run(name), shape, classes) for name in (cell, other)]
    options = study.explain.twins
    images = dataset.test_images[: options.images].astype(np.float32) / 255
    used = {"seed": study.seed, "threads": study.threads, "twins": options}
    with tracking.run(stage="compare_runs", cell=cell, params=used) as run:
        found = compare_twins(*models, images, options, study.seed)
        artifacts.write_findings(cell, FAMILY, found.arrays)
        artifacts.write_metrics("compare_runs", cell, found.metrics)
        print(f"{cell}: compared with {other} on {len(images)} test images", flush=True)
        run.log_metrics(tracking.flattened(found.metrics))
        if found.figure is not None:
            run.log_figure(found.figure, "runs.png")
