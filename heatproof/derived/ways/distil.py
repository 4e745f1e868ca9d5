"""Distillation: a student trained on what a network says of each image beside the labels.

Hinton et al. 2015, https://arxiv.org/abs/1503.02531.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from heatproof.config.schema import Block
from heatproof.datasets.options import known_class_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

    from heatproof.derived.task import Derived, Task


class Options(Block):
    """A student, another model, trained on the origin’s softened probabilities and on labels."""

    by: Literal["distil"]
    """Which way."""
    student: str
    """A name under `models`: the network that is trained, from its own start and by its own
    schedule."""
    temperature: Annotated[float, Field(ge=1, le=1000)] = 4.0
    """By which both networks’ logits are divided: the higher, the more counts what the teacher says
    of unlikely classes."""
    soft_weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Of the teacher’s part of the loss, which is multiplied by the temperature squared; that of
    the labels’ part is 1."""
    without_classes: list[str] = Field(default_factory=list)
    """Classes of which the student sees no image; it knows of them by the teacher alone."""
    bias_correction: bool = False
    """Whether the biases of those classes’ logits are then raised, to where most validation images
    of all classes are right."""
    calibrate: bool = False
    """Whether its logits are then divided by a temperature, see `calibrate`."""

    @property
    def trained_as(self) -> str:
        """The model whose network is trained in the origin's place."""
        return self.student

    @model_validator(mode="after")
    def _of_missing_ones(self) -> Options:
        if self.bias_correction and not self.without_classes:
            raise ValueError("bias_correction is of the classes in without_classes; name some")
        return self

    def unfit(self, study: Any, cell: str) -> str | None:
        """Say which option does not fit the study; None where all do."""
        schedule = study.run(cell).schedule
        if schedule is not None and schedule.head is not None:
            return (
                f"student = '{self.student}': it begins with a pretrained backbone, whose head is "
                "trained first; name a model that is trained from random weights"
            )
        dataset = study.derived[cell].dataset
        names = known_class_names(study.datasets[dataset].fetch)
        return None if names is None else self.unfit_classes(dataset, names)

    def unfit_classes(self, dataset: str, names: Sequence[str]) -> str | None:
        """Say what is wrong with `without_classes`, of a dataset of so called classes; or None."""
        from heatproof.run.errors import nearest, shown_value

        for name in self.without_classes:
            if name not in names:
                return (
                    f"without_classes: {dataset} has no class {shown_value(name)}"
                    f"{nearest(name, list(names))}; known: {', '.join(names)}"
                )
        left = len(set(names) - set(self.without_classes))
        if left < 2:
            return (
                f"without_classes = {shown_value(self.without_classes)}: it leaves {left} of "
                f"{len(names)} classes; leave two at least"
            )
        return None


def derive(task: Task) -> Derived:
    """Train the student with the origin as its teacher.

    Raises:
        UserError: a class is unknown, too few are left, the student's logits have no biases to
            raise, or the training diverged.
    """
    from heatproof.derived.retraining import retrain
    from heatproof.derived.task import Derived
    from heatproof.derived.teaching import with_teacher
    from heatproof.models.graphs import copied
    from heatproof.statistics.numbers import plural

    options = task.options
    assert isinstance(options, Options)
    missing = _missing(task, options)
    student = task.untrained()
    if options.bias_correction:
        _require_biases(task, student)
    taught = with_teacher(student, copied(task.origin), options.temperature, options.soft_weight)
    outcome = retrain(task, taught, "student", without=missing)
    notes = [
        f"a fresh {options.student} was trained for {plural(outcome.epochs, 'epoch')} on labels "
        f"and on what {task.origin_cell} says at a temperature of {options.temperature:g}"
    ]
    if missing:
        notes.append(f"without any image of {', '.join(options.without_classes)}")
    figures: dict[str, Any] = {"temperature": options.temperature}
    if options.bias_correction:
        figures["bias_correction"] = _raised(task, student, missing)
        notes.append("the biases of these classes were then raised by the validation images")
    return Derived(student, tuple(notes), figures, outcome.history)


def _missing(task: Task, options: Options) -> list[int]:
    """Return the numbers of the classes that the student does not see."""
    from heatproof.run.errors import UserError

    names = task.data.class_names
    if reason := options.unfit_classes(task.run.dataset, names):
        raise UserError(f"params.yaml: models.{task.run.model}.network.way.{reason}")
    return [names.index(name) for name in dict.fromkeys(options.without_classes)]


def _require_biases(task: Task, student: keras.Model) -> None:
    """Refuse a student whose logits have no biases that could be raised, before it is trained."""
    from heatproof.models.graphs import last_layer
    from heatproof.run.errors import UserError

    if not getattr(last_layer(student), "use_bias", False):
        raise UserError(
            f"params.yaml: models.{task.run.model}.network.way.bias_correction: the logits of "
            f"{student.name} have no biases; leave it out"
        )


def _raised(task: Task, student: keras.Model, missing: list[int]) -> dict[str, Any]:
    """Raise the biases of classes that a student never saw; return what it is worth."""
    import numpy as np

    from heatproof.derived.retraining import validation_logits
    from heatproof.derived.teaching import bias_of_missing_classes
    from heatproof.models.graphs import last_layer

    last = last_layer(student)
    logits, labels = validation_logits(task, student)
    added = bias_of_missing_classes(logits, labels, missing)
    kernel, bias = last.get_weights()
    for number, summand in added.items():
        bias[number] += summand
    last.set_weights([kernel, bias])
    unseen = np.isin(labels, missing)
    wrong_before = logits.argmax(axis=1) != labels
    for number, summand in added.items():
        logits[:, number] += summand
    wrong = logits.argmax(axis=1) != labels
    return {
        "added": {task.data.class_names[number]: summand for number, summand in added.items()},
        "validation_images": len(labels),
        "errors_before": int(wrong_before.sum()),
        "errors_after": int(wrong.sum()),
        "errors_before_of_missing": int(wrong_before[unseen].sum()),
        "errors_after_of_missing": int(wrong[unseen].sum()),
    }
