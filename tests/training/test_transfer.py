"""Training after a pretrained backbone: what changes when, what is kept, and how it resumes."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from heatproof.datasets.options import Augmentation
from heatproof.run import runtime
from heatproof.training.checkpoints import Checkpoint
from heatproof.training.loop import Outcome
from heatproof.training.options import Schedule
from heatproof.training.transfer import freeze, train_in_phases
from tests.models.networks import study

SIZE, CLASSES = (8, 8, 1), 2
# The last epoch's weights are kept, or the best one's.
LAST = study().training.model_copy(update={"min_validation_images": 100})
BEST = study().training.model_copy(update={"min_validation_images": 0})


def network() -> keras.Model:
    runtime.configure(2, 3, training=True)
    image = keras.Input(SIZE)
    x = layers.Conv2D(4, 3, name="first")(image)
    x = layers.BatchNormalization(name="first_bn")(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(4, 3, name="second")(x)
    x = layers.GlobalAveragePooling2D(name="global_average")(x)
    x = layers.Dropout(0.1)(x)
    return keras.Model(image, layers.Dense(CLASSES, name="logits")(x), name="net")


def schedule(**changes: object) -> Schedule:
    return Schedule.model_validate({
        "epochs": 0, "batch_size": 8, "learning_rate": 0.01, "decay": "constant", "augment": True,
        "head": {"epochs": 3, "batch_size": 8, "learning_rate": 0.03, "copies": 2}, **changes,
    })  # fmt: skip


def trained(how: Schedule, model: keras.Model | None = None, training=LAST, **more):
    labels = np.arange(40) % CLASSES
    images = np.random.default_rng(0).integers(0, 100, (40, *SIZE), dtype=np.uint8)
    images[labels == 1, :, 4:] += 100
    model = model or network()
    return model, train_in_phases(
        model, images, labels, training, how, Augmentation(shift_pixels=1), 1, **more
    )


@pytest.fixture(scope="module")
def classifier() -> tuple[keras.Model, Outcome]:
    return trained(schedule())


@pytest.fixture(scope="module")
def both() -> tuple[keras.Model, Outcome]:
    return trained(schedule(epochs=2))


def same(one: keras.Model, other: keras.Model) -> set[str]:
    """Name the layers whose weights are the same."""
    pairs = zip(one.layers[1:], other.layers[1:], strict=True)
    return {
        first.name
        for first, second in pairs
        if first.weights and all(map(np.array_equal, first.get_weights(), second.get_weights()))
    }


def test_the_classifier_alone_is_trained_on_features(classifier) -> None:
    model, outcome = classifier
    assert same(model, network()) == {"first", "first_bn", "second"}
    assert (outcome.epochs, outcome.train_images, outcome.validation_images) == (3, 36, 4)
    assert outcome.steps == 3 * (2 * 36 // 8)
    assert outcome.history["loss"][-1] < outcome.history["loss"][0]


def test_features_of_an_image_that_comes_several_times_are_computed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = np.array([3, 8, 3, 8, 3, 8, 3, 8]), np.arange(20, 30)
    place = Checkpoint(tmp_path / "a.npz", "key")
    model, outcome = trained(schedule(), parts=parts, checkpoint=place, chooses_epoch=False)
    # Two copies of two images, and those that validate.
    assert "net: features of 14 images, once" in capsys.readouterr().out
    assert np.load(tmp_path / "a.features.npy").shape == (14, 4 * 4)
    assert (outcome.train_images, outcome.passes, outcome.steps) == (2, 4, 3 * (2 * 8 // 8))
    in_memory, again = trained(schedule(), parts=parts, chooses_epoch=False)
    for name, values in outcome.history.items():
        np.testing.assert_array_equal(again.history[name], values)
    assert len(same(model, in_memory)) == 4


def test_then_the_backbone_follows_but_its_normalisation(classifier, both) -> None:
    model, outcome = both
    assert list(outcome.history["epoch"]) == [1, 2, 3, 4, 5]
    assert outcome.steps == classifier[1].steps + 2 * (36 // 8)
    for name, values in classifier[1].history.items():
        np.testing.assert_array_equal(outcome.history[name][:3], values)
    assert outcome.best_epoch == 5
    assert same(model, classifier[0]) == {"first_bn"}


def test_what_makes_it_worse_is_undone(classifier) -> None:
    numbers: list[int] = []
    model, outcome = trained(
        schedule(epochs=1, learning_rate=10.0),
        training=BEST,
        listener=lambda _, epoch: numbers.append(epoch),
    )
    assert numbers == [1, 2, 3, 4]
    validated = outcome.history["val_accuracy"]
    assert validated[3] < validated[:3].max()
    assert outcome.best_epoch == validated.argmax() + 1
    assert same(model, classifier[0]) >= {"first", "first_bn", "second"}
    assert all(layer.trainable for layer in model.layers)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, set()), (1, {"second"}), (2, {"first", "second"}), ("all", {"first", "second"})],
)
def test_the_last_convolutions_are_trained(count: int | str, expected: set[str]) -> None:
    model = network()
    freeze(model, count)
    assert {
        layer.name for layer in model.layers if layer.trainable and layer.weights
    } == expected | {"logits"}


@pytest.mark.parametrize("last", [2, 4])
def test_an_interrupted_training_resumes_to_the_same_weights(
    both, tmp_path: Path, last: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupts(_: object, epoch: int) -> None:
        if epoch == last:
            raise KeyboardInterrupt

    checkpoint = Checkpoint(tmp_path / "a.npz", "key")
    with pytest.raises(KeyboardInterrupt):
        trained(schedule(epochs=2), listener=interrupts, checkpoint=checkpoint)
    capsys.readouterr()
    resumed, again = trained(schedule(epochs=2), checkpoint=checkpoint)
    assert "features of" not in capsys.readouterr().out
    for name, values in both[1].history.items():
        np.testing.assert_array_equal(again.history[name], values)
    assert len(same(resumed, both[0])) == 4
    if last == 2:
        damaged = checkpoint.path.with_suffix(".features.npz")
        damaged.write_bytes(damaged.read_bytes()[:-40])
        trained(schedule(), checkpoint=Checkpoint(tmp_path / "a.npz", "another"))
        assert "a.features.npz: of another training" in capsys.readouterr().out
