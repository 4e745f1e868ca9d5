"""Opening the saved network of a cell: its file made what the other stages work on, and checked."""

from pathlib import Path

import numpy as np

from heatproof.config.params import Params
from heatproof.evaluation import plausibility
from heatproof.models import existing, program
from heatproof.models.architectures.saved import Network
from heatproof.models.scaling import SCALINGS
from heatproof.storage import artifacts, paths, tables, weights

STATED = "stated"


def open_network(study: Params, cell: str) -> list[str]:
    """Write a cell's network, of the file that its model names, and how plausible its reading is.

    data/models/<cell>.weights.h5 has the flat graph, its description and its weights;
    data/metrics/open/<cell>.json what was done to it, and what labelled pictures of the training
    part say of its scaling and of the order of its classes.

    Returns:
        What to tell the user, in sentences.

    Raises:
        UserError: the file is no such network, or the dataset is missing or of other images.
    """
    run = study.run(cell)
    assert isinstance(run.network, Network)
    data = artifacts.read_dataset(run.dataset)
    shape, names = data.train_images.shape[1:], data.class_names
    bare = existing.unscaled(run.network, shape)
    opened = existing.opened(run.network, bare, names, run.model)
    weights.save(cell, opened.model, whole=True)
    labels = data.train_labels[: plausibility.MAX_IMAGES]
    outputs = plausibility.predicted_by_scaling(
        bare.model,
        data.train_images[: len(labels)],
        {STATED: run.network.scales, **SCALINGS},
    )
    own = outputs.pop(STATED)
    classes = np.array([names.index(name) for name in run.network.classes or names])
    remarks = plausibility.remarks(own, outputs, labels, classes, names)
    right = float((classes[own] == labels).mean())
    content = {
        "file": Path(run.network.file).name,
        "sha256": program.checksum(Path(run.network.file)),
        "done": opened.notes,
        "labelled_images": len(labels),
        "right": right,
        "remarks": remarks,
    }
    tables.write_table(paths.history(cell), {"epoch": np.zeros(0, np.int64)})
    artifacts.write_metrics("train", cell, {})
    artifacts.write_metrics("open", cell, content)
    return [*opened.notes, f"{right:.0%} of {len(labels)} labelled pictures are right", *remarks]
