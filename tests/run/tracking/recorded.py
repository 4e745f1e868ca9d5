"""What was recorded of runs, and programs that record some."""

import os
from pathlib import Path

CODE = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from heatproof.run import tracking
with tracking.run("train", sys.argv[1], {"training": {"optimizer": "adam"}}) as run:
    for epoch in range(1, 4):
        run.log_metrics({"loss": 1 / epoch, "accuracy": 0.5}, step=epoch)
    run.log_artifact(sys.argv[2])
"""


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what is about tracking, and the code importable."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "STUDY_TRACKING", "DVC_"))
    }
    return kept | {"PYTHONPATH": str(CODE)} | more


def runs(uri: str) -> list:
    """Every run that was recorded there."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("study")
    return client.search_runs([experiment.experiment_id])


def local_uri(folder: Path) -> str:
    """The address of the database in a folder."""
    return f"sqlite:///{folder / 'mlflow.db'}"


def write(path: Path, text: str) -> Path:
    """Write a text file; return its path."""
    path.write_text(text)
    return path
