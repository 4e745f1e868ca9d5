"""Training on labels without meaning: what is permuted, what is written, where."""

import numpy as np
import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.storage.records import Dataset
from stages.train import train_cell
from stages.train_shuffled import permuted, train_shuffled
from tests.scratch import cell
from tests.small_cell import write_params

CELL = "simple_cnn-digits"
SEED = 43


@pytest.fixture
def _digits(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_params(CELL, shuffled={CELL: cell(CELL) | {"seed": SEED}})
    random = np.random.default_rng(0)
    labels = np.arange(200, dtype=np.int64) % 10
    images = random.integers(0, 256, (200, 16, 16, 1), dtype=np.uint8)
    names = tuple(str(digit) for digit in range(10))
    artifacts.write_dataset("digits", Dataset(images, labels, images[:20], labels[:20], names))


def test_labels_are_permuted_by_the_seed_and_stay_as_many_of_each_class() -> None:
    labels = np.arange(2000, dtype=np.int64) % 10
    before = labels.copy()
    first, same, other = (permuted(labels, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(np.bincount(first), np.full(10, 200))
    np.testing.assert_array_equal(first, same)
    np.testing.assert_array_equal(labels, before)
    for one, another in ((first, labels), (first, other)):
        assert 0.07 < (one == another).mean() < 0.13  # a tenth by chance
    assert first.dtype == np.int64


@pytest.mark.usefixtures("_digits")
def test_the_network_learns_from_permuted_labels_and_all_else_is_the_cells(monkeypatch) -> None:
    import stages.train_shuffled as stage

    seen = {}

    def trained(study, name, dataset, seed, *rest):
        seen.update(cell=name, dataset=dataset, seed=seed)
        return original(study, name, dataset, seed, *rest)

    original = stage.trained
    monkeypatch.setattr(stage, "trained", trained)
    train_shuffled(CELL)
    dataset = artifacts.read_dataset("digits")
    assert (seen["cell"], seen["seed"]) == (CELL, SEED)
    given = seen["dataset"]
    np.testing.assert_array_equal(given.train_labels, permuted(dataset.train_labels, SEED))
    np.testing.assert_array_equal(given.train_images, dataset.train_images)
    np.testing.assert_array_equal(given.test_labels, dataset.test_labels)
    metrics = artifacts.read_metrics("train_shuffled", CELL)
    assert metrics.keys() == {"seed", "accuracy", "val_accuracy", "test_accuracy", "labels_kept"}
    assert metrics["seed"] == SEED
    kept = (given.train_labels == dataset.train_labels).mean()
    assert metrics["labels_kept"] == pytest.approx(kept)
    assert set(artifacts.read_timing("train_shuffled", CELL)) == {"train_seconds"}


@pytest.mark.usefixtures("_digits")
def test_it_repeats_to_the_byte_and_leaves_the_cells_own_weights_alone() -> None:
    from heatproof.evaluation import inference
    from heatproof.models.build import build_model

    train_cell(CELL)
    own = paths.weights(CELL)
    path = own.with_name(f"{CELL}.shuffled.weights.h5")
    weights = own.read_bytes()
    written = []
    for _ in range(2):
        train_shuffled(CELL)
        metrics = paths.metrics("train_shuffled", CELL)
        written.append((path.read_bytes(), metrics.read_bytes()))
    assert written[0] == written[1]
    assert own.read_bytes() == weights != written[0][0]

    dataset = artifacts.read_dataset("digits")
    network = build_model(params.load(), CELL, (16, 16, 1), 10)
    network.load_weights(path)
    logits = inference.logits(inference.compiled_forward(network), dataset.test_images)
    right = (logits.argmax(axis=1) == dataset.test_labels).mean()
    said = artifacts.read_metrics("train_shuffled", CELL)["test_accuracy"]
    assert said == pytest.approx(right)


@pytest.mark.usefixtures("_digits")
def test_a_cell_that_is_not_listed_is_a_message() -> None:
    write_params(CELL, "baseline_cnn-digits", shuffled={CELL: cell(CELL) | {"seed": SEED}})
    with pytest.raises(UserError, match="baseline_cnn-digits"):
        train_shuffled("baseline_cnn-digits")
