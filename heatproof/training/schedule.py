"""Optimisers and learning-rate schedules."""

import keras

from heatproof.training.options import Schedule, Training

# The warm-up of one_cycle starts at this part of the peak (Smith 2018, arXiv:1803.09820).
START_OF_WARMUP = 1 / 25


def optimizer(training: Training, schedule: Schedule, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimiser, its learning rate a function of the step, for `steps` steps in all."""
    rate = learning_rate(training, schedule, steps)
    decay = training.weight_decay or None
    scaled = training.bias_rate != 1
    if training.optimizer == "sgd":
        kind = ScaledSGD if scaled else keras.optimizers.SGD
        chosen = kind(rate, training.momentum, nesterov=True, weight_decay=decay)
    else:
        # With a weight decay Keras' Adam is AdamW (Loshchilov & Hutter, arXiv:1711.05101).
        chosen = (ScaledAdam if scaled else keras.optimizers.Adam)(rate, weight_decay=decay)
    if isinstance(chosen, _ScaledBiases):
        chosen.bias_rate = training.bias_rate
    return chosen


class _ScaledBiases(keras.optimizers.Optimizer):
    """An optimiser that multiplies the learning rate of batch normalisation's biases."""

    bias_rate: float

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        if self._trainable_variables[index].name == "beta":
            learning_rate = learning_rate * self.bias_rate
        super().update_step(gradient, variable, learning_rate)


class ScaledSGD(_ScaledBiases, keras.optimizers.SGD):
    pass


class ScaledAdam(_ScaledBiases, keras.optimizers.Adam):
    pass


def learning_rate(
    training: Training, schedule: Schedule, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return a number where the rate is constant or a callback lowers it, else its schedule.

    cosine falls from learning_rate to 0 over all steps (arXiv:1608.03983). one_cycle rises
    linearly to learning_rate over `warmup_fraction` of the steps, then falls to 0 as a cosine
    (arXiv:1708.07120).
    """
    peak = schedule.learning_rate
    if schedule.decay == "cosine":
        return keras.optimizers.schedules.CosineDecay(peak, steps)
    if schedule.decay == "one_cycle":
        warmup = min(round(training.warmup_fraction * steps), steps - 1)
        if warmup == 0:
            return keras.optimizers.schedules.CosineDecay(peak, steps)
        return keras.optimizers.schedules.CosineDecay(
            peak * START_OF_WARMUP, steps - warmup, warmup_target=peak, warmup_steps=warmup
        )
    return peak


def callbacks(
    training: Training, schedule: Schedule, watched: str | None = "val_accuracy"
) -> list[keras.callbacks.Callback]:
    """Return what watches the validation accuracy: early stopping, and the plateau's reduction.

    The weights of the epoch with the best validation accuracy are put back at the end, also where
    training never stops early.

    Args:
        training: how the network is trained.
        schedule: for how long.
        watched: the validation's accuracy, by its name in the history; None where its images are
            too few: then the plateau is the training loss', and nothing else is watched.
    """
    watch = {"monitor": watched or "loss", "mode": "max" if watched else "min"}
    watchers: list[keras.callbacks.Callback] = []
    if schedule.decay == "reduce_on_plateau":
        watchers.append(
            keras.callbacks.ReduceLROnPlateau(
                **watch, factor=training.plateau_factor, patience=training.plateau_patience
            )
        )
    if watched is None:
        return watchers
    patience = training.early_stopping_patience or schedule.epochs
    return [
        *watchers,
        keras.callbacks.EarlyStopping(**watch, patience=patience, restore_best_weights=True),
    ]
