"""Where an interrupted training resumes from: files outside of DVC's outputs, which DVC deletes.

Here, and not beside the code that trains, for commands that only start DVC.
"""

import os
from pathlib import Path

RESUME = Path(".resume")
# Set to 1 by whoever runs DVC and removes the files of finished trainings (tools/pipeline.py).
KEEPS = "STUDY_KEEPS_TRAININGS"


def checkpoint_path(run: str) -> Path:
    """Return the checkpoint of a run whose training is not over."""
    return RESUME / f"{run}.npz"


def finished_path(run: str) -> Path:
    """Return the checkpoint of a run whose results are written, but not yet recorded by DVC."""
    return RESUME / "finished" / f"{run}.npz"


def finish_checkpoint(run: str) -> None:
    """Put a run's checkpoint away: its results are written.

    DVC has yet to record them. Killed before, it deletes them and trains again; so the checkpoint
    is kept until then, where somebody removes it then, and the training ends as soon as it begins.
    """
    path, finished = checkpoint_path(run), finished_path(run)
    if os.environ.get(KEEPS) != "1":
        path.unlink(missing_ok=True)
    elif path.exists():
        finished.parent.mkdir(exist_ok=True)
        path.replace(finished)


def reopen_checkpoint(run: str) -> None:
    """Bring back the checkpoint of a finished run that is trained once more after all."""
    path, finished = checkpoint_path(run), finished_path(run)
    if finished.exists() and not path.exists():
        finished.replace(path)
