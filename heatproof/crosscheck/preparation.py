"""A trained cell made ready for the checks; it loads Keras, which the stage itself does without."""

import numpy as np

from heatproof.attribution import registry
from heatproof.attribution.core.selection import evenly_spaced
from heatproof.attribution.core.sizes import resolved
from heatproof.attribution.explaining import load
from heatproof.config.params import Params
from heatproof.crosscheck.subject import Subject, fitting, options_of


def prepared(study: Params, cell: str) -> Subject:
    """Read a cell and choose what is checked of it.

    In images above 40 pixels a side methods take as many passes as where maps are made again, and
    as large a background as a batch may hold twice.

    Raises:
        UserError: an earlier stage's file is missing or does not fit.
    """
    explained = load(study, cell)
    rows = explained.rows
    size = (rows.images.shape[1], rows.images.shape[2])
    kept = np.flatnonzero(rows.target == rows.predicted)
    right = rows.label[kept] == rows.predicted[kept]
    kept = kept[evenly_spaced(right, resolved(study.crosscheck, size).images)]
    return Subject(
        explained.network,
        rows.images[kept].astype(np.float32) / 255,
        rows.target[kept],
        explained.context,
        {
            name: fitting(options_of(study, method, size), explained.network)
            for name, method in registry.methods().items()
        },
        study.explain.features.maximisation,
    )
