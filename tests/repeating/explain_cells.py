"""A program: explain and assess cells of every architecture, with weights as they come.

`python explain_cells.py make` writes their data, weights and predictions into the current folder,
from which stages can be imported; `python explain_cells.py` runs the stages there.
"""

import importlib
import sys

from heatproof.config import params
from heatproof.run import runtime

# What is too slow at full size. The branches and sums, where gradients meet, are all there.
NETWORKS = {
    "cifar_cnn": {"blocks": [[4, 4], [6, 6]], "dense": 8},
    "mobilenet_v2": {"stem": 4, "blocks": [[4, 1, 1], [6, 2, 2], [6, 1, 2]], "head": 8, "dense": 8},
    "resnet18": {"stem": 4, "widths": [4, 6], "blocks_per_width": 2},
}
CELLS = {
    "simple_cnn-mnist": 1,
    "cifar_cnn-cifar10": 3,
    "baseline_cnn-cifar10": 3,
    "mobilenet_v2-cifar10": 3,
    "efficient_cnn-cifar10": 3,
    "resnet18-cifar10": 3,
}
SIDE = 16


def make() -> None:
    """Write the cells, with weights from the seed and predictions from chance."""
    small_cell = importlib.import_module("tests.small_cell")
    cells = {}
    for cell in CELLS:
        model, dataset = cell.split("-")
        cells[cell] = {"model": model, "dataset": dataset}
    models = {name: {"network": network} for name, network in NETWORKS.items()}
    small_cell.write_params(*CELLS, models=models, cells=cells)
    for cell, channels in CELLS.items():
        small_cell.write_cell(cell, SIDE, channels, lambda predicted: predicted % 2 == 1)


def run() -> None:
    """Explain every cell by every family, and assess the maps."""
    study = params.load()
    runtime.configure(study.threads, study.seed)
    import keras

    from heatproof.attribution.explaining import attributions, explain
    from heatproof.attribution.families import STAGE_FAMILIES
    from heatproof.counterfactuals.counterfactual import find as find_counterfactuals
    from heatproof.features.features import find as find_features
    from heatproof.trust.assess import assess
    from heatproof.trust.measuring import measure

    for cell in CELLS:
        for family in STAGE_FAMILIES:
            explain(study, cell, family, attributions)
            measure(study, cell, family)
            keras.backend.clear_session()
        explain(study, cell, "features", find_features)
        explain(study, cell, "counterfactual", find_counterfactuals)
        keras.backend.clear_session()
        assess(study, cell)


if __name__ == "__main__":
    make() if "make" in sys.argv[1:] else run()
