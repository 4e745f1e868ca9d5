"""Learning rates at known steps, and the optimisers."""

import keras
import numpy as np
import pytest

from heatproof.training import schedule as schedules
from heatproof.training.options import Schedule, Training


def training(**changes) -> Training:
    values = {
        "optimizer": "adam",
        "momentum": 0.9,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "validation_fraction": 0.1,
        "early_stopping_patience": 2,
        "warmup_fraction": 0.25,
        "plateau_factor": 0.5,
        "plateau_patience": 1,
        "mixed_precision": False,
        "min_validation_images": 0,
    }
    return Training(**(values | changes))


def schedule(decay: str) -> Schedule:
    return Schedule(
        epochs=4, batch_size=2, learning_rate=0.1, decay=decay, augment=False, train_images="all"
    )


def rate(decay: str, step: int, **changes) -> float:
    planned = schedules.learning_rate(training(**changes), schedule(decay), steps=100)
    return float(keras.ops.convert_to_numpy(planned(step))) if callable(planned) else planned


@pytest.mark.parametrize("decay", ["constant", "reduce_on_plateau"])
def test_the_rate_stays_where_no_step_lowers_it(decay):
    assert rate(decay, 0) == rate(decay, 99) == 0.1


def test_cosine_falls_from_the_rate_to_zero():
    assert rate("cosine", 0) == pytest.approx(0.1)
    assert rate("cosine", 50) == pytest.approx(0.05)
    assert rate("cosine", 100) == pytest.approx(0, abs=1e-9)


def test_one_cycle_rises_in_a_line_then_falls_as_a_cosine():
    start = 0.1 / 25
    assert rate("one_cycle", 0) == pytest.approx(start)
    assert rate("one_cycle", 10) == pytest.approx(start + (0.1 - start) * 10 / 25, rel=1e-5)
    assert rate("one_cycle", 25) == pytest.approx(0.1)
    assert rate("one_cycle", 25 + 75 // 3) == pytest.approx(
        0.05 * (1 + np.cos(np.pi / 3)), rel=1e-5
    )
    assert rate("one_cycle", 100) == pytest.approx(0, abs=1e-9)


def test_one_cycle_without_warm_up_is_a_cosine():
    assert rate("one_cycle", 0, warmup_fraction=0.0) == pytest.approx(0.1)


def test_the_optimiser_is_the_one_asked_for():
    sgd = schedules.optimizer(training(optimizer="sgd"), schedule("constant"), 10)
    assert isinstance(sgd, keras.optimizers.SGD) and sgd.momentum == 0.9 and sgd.nesterov
    adam = schedules.optimizer(training(weight_decay=0.01), schedule("constant"), 10)
    assert isinstance(adam, keras.optimizers.Adam) and adam.weight_decay == 0.01


def test_the_plateau_is_watched_only_where_asked_for():
    kinds = [type(c).__name__ for c in schedules.callbacks(training(), schedule("constant"))]
    assert kinds == ["EarlyStopping"]
    watchers = schedules.callbacks(training(), schedule("reduce_on_plateau"))
    plateau, stopping = watchers
    assert (plateau.factor, plateau.patience) == (0.5, 1)
    assert (stopping.patience, stopping.restore_best_weights) == (2, True)


def test_too_few_to_validate_choose_no_epoch_and_the_plateau_is_the_losss():
    assert schedules.callbacks(training(), schedule("constant"), watched=None) == []
    (plateau,) = schedules.callbacks(training(), schedule("reduce_on_plateau"), watched=None)
    assert (plateau.monitor, plateau.mode) == ("loss", "min")


def test_no_patience_means_never_stopping_early():
    stopping = schedules.callbacks(training(early_stopping_patience=0), schedule("constant"))[-1]
    assert stopping.patience == 4 and stopping.restore_best_weights


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_biases_of_batch_norm_may_learn_faster(name):
    inputs = keras.Input((2,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(2)(inputs))
    steps = []
    for factor in (1.0, 8.0):
        model = keras.Model(inputs, x)
        settings = training(optimizer=name, bias_rate=factor)
        optimiser = schedules.optimizer(settings, schedule("constant"), steps=10)
        before = [variable.numpy() for variable in model.trainable_variables]
        model.compile(optimiser, "mse")
        ones = [keras.ops.ones(variable.shape) for variable in before]
        model.optimizer.apply(ones, model.trainable_variables)
        after = [variable.numpy() for variable in model.trainable_variables]
        steps.append([b - a for a, b in zip(before, after, strict=True)])
    names = [variable.name for variable in model.trainable_variables]
    assert names == ["kernel", "bias", "gamma", "beta"]
    for each, one, more in zip(names, *steps, strict=True):
        np.testing.assert_allclose(more, one * (8 if each == "beta" else 1), rtol=1e-5)
