"""Compare a cell with its twin of another seed. `python -m stages.compare_twins --cell <cell>`"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("stages.compare_twins", uses="tensorflow", check="heatproof.config.params:load")

import argparse

import numpy as np

from heatproof.config import params
from heatproof.run import runtime, tracking
from heatproof.storage import artifacts, weights

FAMILY = "twins"


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare a cell with its twin of another seed.")
    parser.add_argument("--cell", required=True, help="a cell that params.yaml lists under twins")
    compare(parser.parse_args().cell)


def compare(cell: str) -> None:
    """Compare the filters and the maps of a cell's two networks; write what is found.

    Raises:
        UserError: the cell is unknown or has no twin, an earlier stage's file is missing or does
            not fit, or Keras runs on another backend than TensorFlow.
    """
    study = params.load()
    study.twin(cell)
    dataset = artifacts.read_dataset(study.cell(cell).dataset)
    runtime.require_tensorflow("comparing explanations")
    runtime.configure(study.threads, study.seed)
    from heatproof.features.twins import compare_twins
    from heatproof.models.build import build_model

    shape, classes = dataset.test_images.shape[1:], len(dataset.class_names)
    models = [build_model(study, cell, shape, classes) for _ in range(2)]
    weights.load(cell, models[0])
    weights.load(cell, models[1], variant="twin")
    options = study.explain.twins
    images = dataset.test_images[: options.images].astype(np.float32) / 255
    used = {"seed": study.seed, "threads": study.threads, FAMILY: options}
    with tracking.run(stage="compare_twins", cell=cell, params=used) as run:
        found = compare_twins(models[0], models[1], images, options, study.seed)
        artifacts.write_findings(cell, FAMILY, found.arrays)
        artifacts.write_metrics("compare_twins", cell, found.metrics)
        print(f"{cell}: compared with its twin on {len(images)} test images", flush=True)
        run.log_metrics(tracking.flattened(found.metrics))
        if found.figure is not None:
            run.log_figure(found.figure, "twins.png")
