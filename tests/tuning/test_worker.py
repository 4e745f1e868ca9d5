"""What trains for a search: the pipeline's own training, of the training part alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heatproof.config.tuned import run_with
from heatproof.run.errors import UserError
from heatproof.storage import artifacts, paths
from heatproof.training import runs
from heatproof.training.labels import with_labels_of
from heatproof.tuning import worker
from tests.tuning import small_task
from tests.tuning.small_task import CELL, TESTED, TRAINED

RATE = "schedules.learning_rate"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(autouse=True)
def written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    small_task.write(epochs=2)


def trained(goes_on: Any = lambda epoch, accuracy: True, **values: Any) -> Any:
    from heatproof.config import params

    study = params.load()
    named = {key.replace("__", "."): value for key, value in values.items()}
    run = run_with(study, CELL, named)
    dataset = worker.training_part("digits")
    return worker.trained(run, dataset, "trial", goes_on)


def test_no_test_image_can_be_read():
    whole, part = artifacts.read_dataset("digits"), worker.training_part("digits")
    assert (len(whole.test_images), len(part.test_images), len(part.test_labels)) == (TESTED, 0, 0)
    assert part.test_masks is None
    assert len(part.train_images) == TRAINED
    expected = trained()
    # All bytes of the test images are others: whoever reads one is refused.
    file = paths.raw("digits") / paths.IMAGES
    content = bytearray(file.read_bytes())
    of_tests = TESTED * 8 * 8
    content[-of_tests:] = bytes(255 - byte for byte in content[-of_tests:])
    file.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        artifacts.read_dataset("digits").test_images[:1]
    again = trained()
    assert (again.accuracy, again.curve) == (expected.accuracy, expected.curve)


def test_a_trial_is_the_pipelines_own_training_and_repeats():
    values = {"schedules__learning_rate": 0.02, "network__kernel_size": 5}
    first, other, again = trained(**values), trained(), trained(**values)
    assert (first.accuracy, first.curve) == (again.accuracy, again.curve)
    assert other.curve != first.curve
    from heatproof.config import params

    run = run_with(params.load(), CELL, {RATE: 0.02, "network.kernel_size": 5})
    dataset = with_labels_of(run, artifacts.read_dataset("digits"))
    runs.configure(run)
    outcome = runs.train_run(run, dataset)[1]
    assert list(outcome.history["val_accuracy"]) == pytest.approx(first.curve, abs=0)
    assert outcome.best["val_accuracy"] == first.accuracy
    assert len(first.curve) == 2 and first.seconds > 0


def test_it_is_asked_after_each_epoch_whether_to_go_on():
    asked: list[tuple[int, float]] = []

    def stop(epoch: int, accuracy: float) -> bool:
        asked.append((epoch, accuracy))
        return False

    result = trained(stop)
    assert result.state == "pruned"
    assert asked == [(1, result.curve[0])]


def test_a_training_that_diverges_is_bad():
    # A step multiplies each weight by 1 - 10 × 1.
    result = trained(
        schedules__learning_rate=10.0, schedules__batch_size=4, training__weight_decay=1.0
    )
    assert result.state == "bad"
    assert "infinite or no number" in result.reason


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("OOM when allocating tensor with shape[64,28,28,9] and type float"), "GiB"),
        (UserError("the network does not fit"), "the network does not fit"),
    ],
)
def test_so_is_one_that_has_no_room(monkeypatch, error, told):
    def refused(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(runs, "train_run", refused)
    result = trained()
    assert result.state == "bad" and told in result.reason


def test_a_bug_is_none(monkeypatch):
    def wrong(*arguments: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(runs, "train_run", wrong)
    with pytest.raises(ValueError, match="a bug"):
        trained()


def test_classes_that_are_balanced_count_alike():
    small_task.write(epochs=2)
    from heatproof.config import params

    run = run_with(params.load(), CELL, {})
    balanced = run.model_copy(
        update={"training": run.training.model_copy(update={"balance": "sampling"})}
    )
    result = worker.trained(balanced, worker.training_part("digits"), "trial", lambda *_: True)
    assert result.state == "complete" and np.isfinite(result.curve).all()
