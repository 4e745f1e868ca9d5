"""How accuracy varies from seed to seed, from the metrics of a cell's runs."""

import pytest

from heatproof.evaluation.seeds import over_seeds
from heatproof.storage import artifacts
from tests.small_cell import load_params

CELL = "simple_cnn-digits"
ENTRY = {"model": "simple_cnn", "dataset": "digits"}
RUNS = {f"{CELL}-seed{seed}": ENTRY | {"seed": seed} for seed in (43, 44)}
SHUFFLED = {f"{CELL}-shuffled43": ENTRY | {"seed": 43, "labels": "shuffled"}}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_cells_own_run_is_the_first_and_shuffled_labels_do_not_count() -> None:
    study = load_params(CELL, runs=SHUFFLED | RUNS)
    accuracies = {CELL: 0.97, f"{CELL}-seed43": 0.99, f"{CELL}-seed44": 0.98}
    for run, accuracy in {f"{CELL}-shuffled43": 0.1, **accuracies}.items():
        assert over_seeds(study, CELL) is None
        artifacts.write_metrics("evaluate", run, {"accuracy": accuracy})
    spread = over_seeds(study, CELL)
    assert spread["seeds"] == [42, 43, 44]
    assert spread["accuracy"]["values"] == list(accuracies.values())
    assert spread["accuracy"]["mean"] == pytest.approx(0.98)
    assert spread["accuracy"]["std"] == pytest.approx(0.01)
