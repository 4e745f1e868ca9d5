"""Calibration by temperature (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from heatproof.config.schema import Block

if TYPE_CHECKING:
    from heatproof.derived.task import Derived, Task


class Options(Block):
    """Logits divided by one number, which the validation part chooses; predictions stay."""

    by: Literal["calibrate"]
    """Which way."""

    def unfit(self, study: Any, cell: str) -> str | None:
        """Say which option does not fit the study; None where all do."""
        from heatproof.config.derived_checks import unvalidated

        return unvalidated(study, cell, "by = 'calibrate'")


def derive(task: Task) -> Derived:
    """Divide a network's logits by the temperature that fits the validation part best."""
    from heatproof.derived.calibrated import calibrated
    from heatproof.derived.task import Derived

    return calibrated(task, Derived(task.origin))
