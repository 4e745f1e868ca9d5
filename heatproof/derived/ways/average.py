"""Averages over a training that goes on: of weights, or of the predictions of snapshots.

Stochastic weight averaging, Izmailov et al. 2018, https://arxiv.org/abs/1803.05407; a moving
average, Polyak & Juditsky 1992; snapshot ensembles, Huang et al. 2017,
https://arxiv.org/abs/1704.00109.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block, Count

if TYPE_CHECKING:
    import keras

    from heatproof.derived.task import Derived, Task
    from heatproof.training.loop import Outcome


class Options(Block):
    """The origin trained on, and the mean of what it comes by on its way."""

    by: Literal["average"]
    """Which way."""
    kind: Literal["swa", "ema", "snapshots"]
    """Of what: `swa`, the weights after each epoch at a constant learning rate; `ema`, a moving
    average of the weights of all steps; `snapshots`, the probabilities of networks at the end of
    each cycle, in which the learning rate falls to zero: a network of several."""
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 5
    """For which it is trained on, in all."""
    cycles: Annotated[int, Field(ge=2, le=100)] | None = None
    """Of `snapshots`: how many, each of the same number of epochs; one of each epoch where not
    given."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    """At which it is trained on, or from which it falls; the schedule’s own where not given."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Of `ema`: what stays of the average in each step."""
    batch_norm_images: Count = 10_000
    """Training images, at most, from which batch normalisation takes its mean and variance for the
    averaged weights."""
    calibrate: bool = False
    """Whether its logits are then divided by a temperature, see `calibrate`."""

    @model_validator(mode="after")
    def _whole_cycles(self) -> Options:
        if self.cycles is not None and self.kind != "snapshots":
            raise ValueError("cycles goes with kind: snapshots")
        if self.kind == "snapshots" and self.epochs < 2:
            raise ValueError("epochs: of snapshots two at least, one for each")
        if self.cycles is not None and self.epochs % self.cycles:
            raise ValueError(f"cycles = {self.cycles}: they do not divide {self.epochs} epochs")
        return self

    def unfit(self, study: Any, cell: str) -> str | None:
        """Say which option does not fit the study; None where all do."""
        from heatproof.config.derived_checks import untrainable

        return untrainable(study, cell, self.epochs)


def derive(task: Task) -> Derived:
    """Train a network on, and average.

    Raises:
        UserError: the training diverged.
    """
    from heatproof.derived.averaging import take_batch_statistics
    from heatproof.derived.retraining import batches_of, joined_histories
    from heatproof.derived.task import Derived

    options = task.options
    assert isinstance(options, Options)
    means = {"swa": _of_epochs, "ema": _of_steps, "snapshots": _of_snapshots}
    model, outcomes, note = means[options.kind](task, options)
    if options.kind != "snapshots":
        take_batch_statistics(model, batches_of(task, options.batch_norm_images)())
    return Derived(model, (note,), history=joined_histories(outcomes))


def _of_epochs(task: Task, options: Options) -> tuple[keras.Model, list[Outcome], str]:
    from heatproof.derived.averaging import mean_weights
    from heatproof.statistics.numbers import plural

    model, outcomes, seen = _further(task, options, options.epochs, "constant")
    model.set_weights(mean_weights(seen))
    further = plural(options.epochs, "more epoch")
    return model, outcomes, f"its weights are the mean of those after {further}"


def _of_steps(task: Task, options: Options) -> tuple[keras.Model, list[Outcome], str]:
    from heatproof.derived.averaging import with_moving_average
    from heatproof.derived.retraining import retrain
    from heatproof.models.graphs import copied
    from heatproof.statistics.numbers import plural

    model = copied(task.origin, task.run.model)
    training, average = with_moving_average(model, options.momentum)
    changes = {
        "epochs": options.epochs, "learning_rate": options.learning_rate, "decay": "constant",
    }  # fmt: skip
    outcome = retrain(task, training, "further", chooses_epoch=False, **changes)
    average.finish()
    further = plural(options.epochs, "more epoch")
    note = f"its weights are a moving average over the steps of {further}"
    return model, [outcome], note


def _of_snapshots(task: Task, options: Options) -> tuple[keras.Model, list[Outcome], str]:
    from heatproof.derived.joined import joined
    from heatproof.models.graphs import copied

    cycles = options.cycles or options.epochs
    model, outcomes, seen = _further(task, options, cycles, "cosine")
    members = []
    for weights in seen:
        model.set_weights(weights)
        members.append(copied(model))
    note = f"it has {cycles} networks, from {cycles} cycles of {options.epochs} more epochs"
    return joined(members, "probabilities", task.run.model), outcomes, note


def _further(
    task: Task, options: Options, parts: int, decay: str
) -> tuple[keras.Model, list[Outcome], list[Any]]:
    """Train on in so many trainings of the same length; return the weights after each."""
    from heatproof.derived.retraining import retrain
    from heatproof.models.graphs import copied

    model, outcomes, seen = copied(task.origin, task.run.model), [], []
    changes = {
        "epochs": options.epochs // parts, "learning_rate": options.learning_rate, "decay": decay,
    }  # fmt: skip
    for number in range(1, parts + 1):
        # With the seed the images would come in the same order each time.
        seed = task.run.seed + number
        outcomes.append(
            retrain(task, model, f"part{number}", seed=seed, chooses_epoch=False, **changes)
        )
        seen.append(model.get_weights())
    return model, outcomes, seen
