"""Where an interrupted stage resumes from: files outside of DVC's outputs, which DVC deletes.

Here, and not beside the code that trains, for commands that only start DVC.
"""

import os
import shutil
from pathlib import Path

RESUME = Path(".resume")
STAGES = ("train", "derive")  # those that leave a checkpoint
BLOCKS = RESUME / "blocks"  # of images, of stages that work on many (`blocks`)
# Set to 1 by whoever runs DVC and removes the files of finished trainings (tools/pipeline.py).
KEEPS = "STUDY_KEEPS_TRAININGS"


def checkpoint_path(run: str) -> Path:
    """Return the checkpoint of a run whose training is not over.

    A training of several parts has more, named as the run, a point and the part; features of a
    frozen backbone are an .npy beside theirs.
    """
    return RESUME / f"{run}.npz"


def finished_path(run: str) -> Path:
    """Return the checkpoint of a run whose results are written, but not yet recorded by DVC."""
    return RESUME / "finished" / f"{run}.npz"


def finish_checkpoint(run: str) -> None:
    """Put a run's checkpoint away: its results are written.

    DVC has yet to record them. Killed before, it deletes them and trains again; so the checkpoint
    is kept until then, where somebody removes it then, and the training ends as soon as it begins.
    """
    finished = finished_path(run).parent
    for path in _of(run, RESUME):
        if os.environ.get(KEEPS) != "1":
            path.unlink()
        else:
            finished.mkdir(exist_ok=True)
            path.replace(finished / path.name)


def reopen_checkpoint(run: str) -> None:
    """Bring back the checkpoint of a finished run that is trained once more after all."""
    for path in _of(run, finished_path(run).parent):
        if not (RESUME / path.name).exists():
            path.replace(RESUME / path.name)


def forget_checkpoint(run: str) -> None:
    """Remove the checkpoint of a finished run, whose results are recorded."""
    for path in _of(run, finished_path(run).parent):
        path.unlink()


def is_of(run: str, name: str) -> bool:
    """Whether a file is of a run's checkpoint, by its name."""
    return name.startswith(f"{run}.") and name.endswith((".npz", ".npy"))


def forget_blocks(stage: str) -> None:
    """Remove the blocks of a finished stage, `<stage>@<cell>`, whose results are recorded."""
    if (BLOCKS / stage).is_dir():
        shutil.rmtree(BLOCKS / stage, ignore_errors=True)


def _of(run: str, folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"{run}.*") if is_of(run, path.name)]
