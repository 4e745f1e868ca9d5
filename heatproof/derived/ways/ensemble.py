"""Ensembles: several runs of a cell as one network that gives the mean of all.

Lakshminarayanan et al. 2017, https://arxiv.org/abs/1612.01474.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from heatproof.config.schema import Block, Name

if TYPE_CHECKING:
    from heatproof.derived.task import Derived, Task


class Options(Block):
    """The origin and other runs of its cell as one network, which gives the mean of all."""

    by: Literal["ensemble"]
    """Which way."""
    runs: Annotated[list[Name], Field(min_length=1, max_length=50)]
    """Names under `runs`: other runs of the origin’s cell, from other seeds. Each is listed under
    `members` too."""
    mean: Literal["logits", "probabilities"] = "logits"
    """Of what: of `logits`, which every method has rules for, or of `probabilities`, as in the
    paper."""
    calibrate: bool = False
    """Whether its logits are then divided by a temperature, see `calibrate`."""

    def reads(self, cell: str) -> str:
        """Return the folder of the other members' weights."""
        return f"data/members/{cell}"

    def unfit(self, study: Any, cell: str) -> str | None:
        """Say which option does not fit the study; None where all do."""
        from heatproof.config.derived_checks import unfit_members

        return unfit_members(study, cell, self.runs)


def derive(task: Task) -> Derived:
    """Join the origin and the runs that are listed.

    Raises:
        UserError: a member's weights are missing, damaged, or of another network.
    """
    from heatproof.derived.joined import joined
    from heatproof.derived.members import member
    from heatproof.derived.task import Derived

    options = task.options
    assert isinstance(options, Options)
    members = [task.origin, *(member(task, run) for run in options.runs)]
    model = joined(members, options.mean, task.run.model)
    note = f"it gives the mean of the {options.mean} of {len(members)} networks"
    return Derived(model, (note,))
