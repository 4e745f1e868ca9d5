"""The training loop on data small enough to know what must come out."""

import keras
import numpy as np
import pytest

from heatproof.datasets.options import Augmentation
from heatproof.datasets.split import train_validation_split
from heatproof.run import runtime
from heatproof.training import loop
from heatproof.training.batches import Batches
from heatproof.training.loop import train
from tests.training.test_schedule import schedule, training

PLAIN = Augmentation(
    shift_pixels=0, flip=False, brightness=0.0, contrast=0.0, cutout_pixels=0, mixup_alpha=0.0
)
SEED = 3


def halves(n: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Two classes: bright on the left or on the right; anyone can tell them apart."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 60, (n, 8, 8, 1), dtype=np.uint8)
    labels = np.arange(n, dtype=np.int64) % 2
    images[labels == 0, :, :4] += 150
    images[labels == 1, :, 4:] += 150
    return images, labels


def network() -> keras.Model:
    runtime.configure(threads=2, seed=SEED)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)), name="tiny")


def planned(**changes):
    return schedule("one_cycle").model_copy(
        update={"epochs": 4, "batch_size": 16, "learning_rate": 0.01} | changes
    )


def run(model=None, plan=None, settings=None, augmentation=PLAIN, **options):
    images, labels = halves()
    model = model or network()
    outcome = train(
        model,
        images,
        labels,
        settings or training(),
        plan or planned(),
        augmentation,
        SEED,
        **options,
    )
    return model, outcome


def test_it_learns_what_can_be_learnt_and_the_listener_hears_every_epoch():
    heard = []
    model, outcome = run(listener=lambda numbers, epoch: heard.append((epoch, numbers["val_loss"])))
    assert heard == list(enumerate(outcome.history["val_loss"], start=1))
    assert outcome.best["val_accuracy"] == 1.0
    images, labels = halves()
    logits = model.predict_on_batch(images.astype("float32") / 255)
    assert (logits.argmax(axis=1) == labels).all()


def test_the_same_seed_gives_the_same_bits_of_changed_images():
    changes = PLAIN.model_copy(
        update={"shift_pixels": 1, "cutout_pixels": 2, "mixup_alpha": 0.2, "brightness": 0.1}
    )
    plan = planned(augment=True, epochs=2)
    first, second = (run(plan=plan, augmentation=changes)[0].get_weights() for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="there, batches are made by `Batches` itself"
)
def test_every_epoch_has_an_order_of_its_own(monkeypatch):
    served: dict[int, set[int]] = {}
    plan = Batches._plan

    def recorded(batches):
        planned = plan(batches)
        if batches.seed is not None:
            served.setdefault(batches.epoch, set()).add(tuple(planned[0].ravel()))
        return planned

    monkeypatch.setattr(Batches, "_plan", recorded)
    run(plan=planned(epochs=3))
    assert sorted(served) == [0, 1, 2]
    assert all(len(orders) == 1 for orders in served.values())
    assert len(set.union(*served.values())) == 3


def test_the_best_epochs_weights_are_kept(monkeypatch):
    """With a rate that wrecks the network in its last epochs, the good weights must be put back."""
    model, outcome = run(
        plan=planned(epochs=5, decay="constant", learning_rate=0.3), settings=training()
    )
    images, labels = halves()
    _, held_out = train_validation_split(labels, 0.1, SEED)
    logits = model.predict_on_batch(images[held_out].astype("float32") / 255)
    accuracy = (logits.argmax(axis=1) == labels[held_out]).mean()
    assert accuracy == pytest.approx(outcome.history["val_accuracy"].max())


def test_too_few_to_validate_end_in_the_last_epochs_weights(capsys):
    """Of twelve validation images all are right at once: the first epoch would win."""
    settings = training(early_stopping_patience=2, min_validation_images=13)
    model, outcome = run(settings=settings)
    assert (outcome.epochs, outcome.best_epoch, outcome.epoch_chosen) == (4, 4, False)
    assert "tiny: 12 validation images, fewer than training.min_validation_images = 13" in (
        capsys.readouterr().out
    )
    images, labels = halves()
    held_out = train_validation_split(labels, 0.1, SEED)[1]
    logits = model.predict_on_batch(images[held_out].astype("float32") / 255)
    one_hot = np.eye(2)[labels[held_out]]
    loss = np.mean(keras.ops.categorical_crossentropy(one_hot, logits, from_logits=True))
    assert loss == pytest.approx(outcome.history["val_loss"][-1], rel=1e-3)
    assert loss < 0.9 * outcome.history["val_loss"][0]


def test_what_is_trained_on_and_validated_with_may_be_given():
    parts = np.arange(40), np.arange(100, 120)
    _, outcome = run(parts=parts, plan=planned(epochs=1))
    assert (outcome.train_images, outcome.validation_images) == (40, 20)


def test_images_may_come_several_times_and_validation_may_decide_nothing():
    parts = np.resize(np.arange(4), 90), np.arange(100, 120)
    settings = training(early_stopping_patience=1, min_validation_images=0)
    _, outcome = run(parts=parts, settings=settings, chooses_epoch=False)
    assert (outcome.train_images, outcome.steps, outcome.passes) == (4, 4 * 5, 4 * 5 * 16)
    assert (outcome.epochs, outcome.best_epoch, outcome.epoch_chosen) == (4, 4, False)


def test_a_rare_class_is_answered_where_classes_are_balanced():
    """One image in 20 is of the second class, and only a little brighter than the others."""
    draw = np.random.default_rng(0)
    labels = (np.arange(400) % 20 == 0).astype(np.int64)
    images = draw.normal(100 + 10 * labels[:, None, None, None], 30, (400, 8, 8, 1))
    images = images.clip(0, 255).astype(np.uint8)
    plan = planned(epochs=5, decay="cosine", learning_rate=0.003)
    share = {}
    for balance in ("none", "class_weights", "sampling"):
        model = network()
        settings = training(early_stopping_patience=0, balance=balance)
        outcome = train(model, images, labels, settings, plan, PLAIN, SEED)
        found = model.predict_on_batch(images.astype("float32") / 255).argmax(axis=1)
        share[balance] = (found[labels == 1] == 1).mean()
        chosen_by = "val_accuracy" if balance == "none" else "val_balanced_accuracy"
        assert outcome.best_epoch == outcome.history[chosen_by].argmax() + 1
        assert ("val_balanced_accuracy" in outcome.history) == (balance != "none")
    assert min(share["class_weights"], share["sampling"]) > share["none"] + 0.3


def test_the_plateau_lowers_the_rate():
    plan = planned(epochs=8, decay="reduce_on_plateau", learning_rate=0.01)
    _, outcome = run(plan=plan, settings=training(early_stopping_patience=0))
    rates = outcome.history["learning_rate"]
    assert rates[0] == pytest.approx(0.01) and rates[-1] <= 0.005


def test_the_outcome_counts_images_and_steps_and_has_a_network_without_random_layers():
    changes = PLAIN.model_copy(update={"shift_pixels": 1, "flip": False})
    plan = planned(augment=True, train_images=50, epochs=2)
    model, outcome = run(plan=plan, augmentation=changes)
    assert "random_shift" not in [layer.name for layer in model.layers]
    assert (outcome.train_images, outcome.validation_images, outcome.steps) == (50, 12, 6)
    assert list(outcome.history) == [
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
    ]
    assert outcome.history["epoch"].tolist() == [1, 2]
    assert outcome.history["learning_rate"][-1] < 1e-4


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="there, a call is one step")
def test_small_networks_take_many_steps_a_call_and_end_in_the_same_bits(monkeypatch):
    """24 steps in calls of 5: the last one of an epoch is shorter."""
    monkeypatch.setattr(loop, "MAX_STEPS", 1)
    one_by_one, one = run(plan=planned(batch_size=5))
    monkeypatch.setattr(loop, "MAX_STEPS", 5)
    assert loop.steps_at_once(network(), 5) == 5
    together, many = run(plan=planned(batch_size=5))
    for left, right in zip(one_by_one.get_weights(), together.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    for name in one.history:
        np.testing.assert_array_equal(one.history[name], many.history[name])


# 8 × 8 pixels, 6 × 6 × 4 values three times (the last time flat), 2 logits; 32 images.
STEP = (64 + 3 * 144 + 2) * 32


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="there, a call is one step")
@pytest.mark.parametrize(
    ("values", "steps"), [(1, 1), (STEP, 1), (7 * STEP - 1, 6), (7 * STEP, 7), (90 * STEP, 20)]
)
def test_how_many_steps_a_call_takes(monkeypatch, values, steps):
    monkeypatch.setattr(loop, "CALL_VALUES", values)
    monkeypatch.setattr(loop, "MAX_STEPS", 20)
    assert loop.steps_at_once(network(), 32) == steps


def test_lookahead_is_called_in_time_and_ends_epochs(monkeypatch):
    monkeypatch.setattr(loop, "MAX_STEPS", 8)
    settings = training(lookahead_steps=3)
    images, labels = halves()
    model = network()
    steps = []
    assign = loop.Lookahead.on_train_batch_end

    def recorded(self, batch, logs=None):
        steps.append(batch + 1)
        assign(self, batch, logs)

    monkeypatch.setattr(loop.Lookahead, "on_train_batch_end", recorded)
    outcome = train(model, images, labels, settings, planned(), PLAIN, SEED)
    per_epoch = outcome.steps // outcome.epochs
    assert steps == [*range(3, per_epoch, 3), per_epoch] * outcome.epochs
    assert outcome.best["val_accuracy"] == 1.0


def test_a_step_count_that_lookahead_divides(monkeypatch):
    monkeypatch.setattr(loop, "MAX_STEPS", 20)
    assert loop.steps_at_once(network(), 16, 5) == 5
    assert loop.steps_at_once(network(), 16, 30) == 10
    assert loop.steps_at_once(network(), 10**9, 5) == 1
