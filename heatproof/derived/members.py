"""The weights of an ensemble's members, kept in a folder of its own.

DVC takes one path from params.yaml where a stage depends on several files of unlike names: the
folder, into which `stages.join` puts each.
"""

from typing import TYPE_CHECKING

from heatproof.config.members import member_name
from heatproof.derived.task import Task
from heatproof.storage import paths, weights
from heatproof.storage.formats import require

if TYPE_CHECKING:
    import keras


def member(task: Task, run: str) -> "keras.Model":
    """Return a member's network, with its trained weights.

    Raises:
        UserError: they are missing, damaged, or of another network.
    """
    from heatproof.models.build import build_model

    path = paths.member(task.run.cell, run)
    made_by = f"join@{member_name(task.run.cell, run)}"
    require(path, made_by)
    network = build_model(task.study.run(run), task.shape, len(task.data.class_names))
    weights.read(path, network, f"train@{run}", copied_by=made_by)
    return network
