"""Pruning: the smallest weights, or filters, taken out, and what is left trained on.

Han et al. 2015, https://arxiv.org/abs/1506.02626; Li et al. 2017, https://arxiv.org/abs/1608.08710,
for filters; Frankle & Carbin 2019, https://arxiv.org/abs/1803.03635, for going back to the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block

if TYPE_CHECKING:
    import keras
    import numpy as np

    from heatproof.derived.task import Derived, Task
    from heatproof.training.loop import Outcome


class Options(Block):
    """The smallest weights or filters taken out, in rounds, and what is left trained again."""

    by: Literal["prune"]
    """Which way."""
    sparsity: Annotated[float, Field(gt=0, lt=1)]
    """The share that is taken out: of the weights of convolutions and dense layers, or of their
    filters and units."""
    structure: Literal["weights", "filters"] = "weights"
    """What is taken out: single `weights`, which become zero and stay so, or whole `filters`, which
    makes the network smaller and faster."""
    scope: Literal["layer", "global"] = "layer"
    """Whether the share is taken of each layer, or the smallest of the whole network."""
    rounds: Annotated[int, Field(ge=1, le=50)] = 1
    """In how many steps, each followed by a training; every one takes the same share of what is
    left."""
    restart: Literal["trained", "initial", "random"] = "trained"
    """Which weights each training begins with: what is left of those that are `trained`; of the
    `initial` ones of the origin’s training (a lottery ticket); or of `random` other ones, which a
    ticket is compared with."""
    rewind_epochs: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Of `restart: initial`: the weights after so many epochs of the origin’s training."""
    epochs: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Of each training; the schedule’s own where not given, 0 for none."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    """Of each training; the schedule’s own where not given."""
    calibrate: bool = False
    """Whether its logits are then divided by a temperature, see `calibrate`."""

    @model_validator(mode="after")
    def _fits_together(self) -> Options:
        if self.structure == "filters" and self.restart != "trained":
            raise ValueError("restart: filters are trained on as they are; leave restart out")
        if self.structure == "filters" and self.rewind_epochs:
            raise ValueError("rewind_epochs: filters are trained on as they are; leave it out")
        if self.rewind_epochs and self.restart != "initial":
            raise ValueError("rewind_epochs goes with restart: initial")
        if self.epochs == 0 and (self.restart != "trained" or self.rounds > 1):
            raise ValueError("epochs = 0: rounds, and weights that go back, need a training")
        return self

    def unfit(self, study: Any, cell: str) -> str | None:
        """Say which option does not fit the study; None where all do."""
        from heatproof.config.derived_checks import untrainable, unvalidated

        if self.epochs == 0:
            return unvalidated(study, cell) if self.calibrate else None
        trained = study.run(cell).schedule
        if trained is not None and 0 < trained.epochs <= self.rewind_epochs:
            return (
                f"rewind_epochs = {self.rewind_epochs}: the training that it goes back to has "
                f"{trained.epochs} in all; give fewer"
            )
        return untrainable(study, cell, self.epochs)


def derive(task: Task) -> Derived:
    """Prune a network as the options say.

    Raises:
        UserError: no filter can be removed, or the network to go back to is another one.
    """
    options = task.options
    assert isinstance(options, Options)
    return _of_filters(task, options) if options.structure == "filters" else _of_weights(
        task, options
    )  # fmt: skip


def _of_weights(task: Task, options: Options) -> Derived:
    from heatproof.derived.masks import prune, shares_left
    from heatproof.derived.task import Derived
    from heatproof.models.cost import FLOAT_BYTES
    from heatproof.models.graphs import copied

    model, outcomes = copied(task.origin, task.run.model), []
    masks = prune(
        model,
        options.sparsity,
        options.scope,
        options.rounds,
        _start(task, options),
        lambda number: _train(task, options, model, number, outcomes),
    )
    zeros, count = sum(int((~mask).sum()) for mask in masks), sum(mask.size for mask in masks)
    others = sum(each.size for each in model.get_weights()) - count
    note = f"{zeros:,} of its {count:,} weights in convolutions and dense layers are zero"
    return Derived(
        model,
        (note, *_told(options, outcomes)),
        {"sparsity": zeros / count, "left": shares_left(model, masks)},
        outcomes[-1].history if outcomes else None,
        # A bit for each place says where those are that are not zero.
        FLOAT_BYTES * (count - zeros + others) + (count + 7) // 8,
    )


def _of_filters(task: Task, options: Options) -> Derived:
    from heatproof.derived.task import Derived
    from heatproof.models.filter_pruning import removable_filters, without_filters
    from heatproof.models.graphs import copied

    model, outcomes = task.origin, []
    before = len(removable_filters(model))
    share = 1 - (1 - options.sparsity) ** (1 / options.rounds)
    for number in range(1, options.rounds + 1):
        model = copied(without_filters(model, share, options.scope), task.run.model)
        _train(task, options, model, number, outcomes)
    after = len(removable_filters(model))
    note = f"{before - after:,} of its {before:,} removable filters were removed"
    return Derived(
        model,
        (note, *_told(options, outcomes)),
        {"filters_before": before, "filters": after},
        outcomes[-1].history if outcomes else None,
    )


def _train(
    task: Task, options: Options, model: keras.Model, number: int, outcomes: list[Outcome]
) -> None:
    from heatproof.derived.retraining import retrain

    if options.epochs == 0:
        return
    changes = {"epochs": options.epochs, "learning_rate": options.learning_rate}
    outcomes.append(retrain(task, model, f"round{number}", **changes))


def _start(task: Task, options: Options) -> list[np.ndarray] | None:
    """Return the weights that every training begins with; None for those that are left."""
    from heatproof.derived.retraining import weights_after
    from heatproof.run.errors import UserError

    if options.restart == "trained":
        return None
    seed = task.run.seed + (1 if options.restart == "random" else 0)
    begun = task.untrained(seed)
    shapes = [[each.shape for each in network.weights] for network in (begun, task.origin)]
    if shapes[0] != shapes[1]:
        raise UserError(
            f"params.yaml: models.{task.run.model}.network.way.restart = '{options.restart}': "
            f"the network of {task.origin_cell} is another one than {task.run.root.name} begins "
            "with; leave restart out, or derive from that cell"
        )
    return weights_after(task, begun, options.rewind_epochs)


def _told(options: Options, outcomes: list[Outcome]) -> list[str]:
    from heatproof.statistics.numbers import plural

    if not outcomes:
        return []
    begun = {
        "trained": "what was left",
        "initial": "the weights that its origin began with" + (
            f" after {plural(options.rewind_epochs, 'epoch')}" if options.rewind_epochs else ""
        ),
        "random": "other random weights",
    }[options.restart]  # fmt: skip
    rounds = "" if options.rounds == 1 else f", in each of {options.rounds} rounds"
    return [f"it was trained for {plural(outcomes[-1].epochs, 'epoch')} from {begun}{rounds}"]
