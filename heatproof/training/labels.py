"""The labels that a run learns: as they are, or in random order."""

from dataclasses import replace

import numpy as np

from heatproof.config.runs import SHUFFLED, Run
from heatproof.storage.records import Dataset


def with_labels_of(run: Run, dataset: Dataset) -> Dataset:
    """Return the dataset with the training labels that a run learns.

    Shuffled labels are the same ones in a random order, as many of each class as before (Adebayo et
    al. 2018, https://arxiv.org/abs/1810.03292, section 3.2). The run's seed decides the order, and
    is not the cell's own: a shared start would keep the two networks' maps alike for a reason that
    has nothing to do with labels. The schedule is the cell's, not long enough to memorise the
    labels, as Adebayo et al. made their networks do (over 95 % training accuracy).
    """
    if run.labels != SHUFFLED:
        return dataset
    order = np.random.default_rng(run.seed)
    return replace(dataset, train_labels=order.permutation(dataset.train_labels))
