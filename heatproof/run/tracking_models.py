"""Trained networks in MLflow: as its Keras flavour has them, and in its registry.

A network is a .keras file of Keras' own layers, with no code in it: `mlflow.keras.load_model` opens
it in Keras' safe mode. MLflow's own `log_model` would load TensorFlow into the process that sends.
"""

import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = "model"  # of a run's artifacts
MODEL = Path(FOLDER, "data", "model.keras")
ALIAS = "study"  # the newest version that is no experiment's
_NOT_IN_A_NAME = str.maketrans("/:", "__")


def name_of(cell: str) -> str:
    """Return the name of a cell's registered model: the folder's, which is the current one."""
    return f"{Path.cwd().name}-{cell}".translate(_NOT_IN_A_NAME)


def log(client: Any, run: str, files: Path, model: Mapping[str, Any]) -> None:
    """Log a network to a run, and register it as a new version of its cell's model.

    Where MLflow has no registry, as some servers, it is logged all the same.

    Args:
        client: MLflow's.
        run: the training's.
        files: the folder in which `MODEL` lies.
        model: `cell`, `shape`, `classes`, `keras` and `backend`, as `Run.log_model` notes them.
    """
    from mlflow.exceptions import MlflowException

    _describe(run, files / FOLDER, model)
    client.log_artifacts(run, str(files / FOLDER), FOLDER)
    try:
        _register(client, client.get_run(run), model["cell"])
    except MlflowException as error:
        _tell_once(type(error).__name__)


def _register(client: Any, run: Any, cell: str) -> None:
    from mlflow.exceptions import MlflowException

    name, tags = name_of(cell), run.data.tags
    with suppress(MlflowException):  # it is there already, or another process made it
        client.create_registered_model(name, description=f"The cell {cell}")
    kept = {n: tags[n] for n in ("cell", "git_commit", "dvc_experiment") if n in tags}
    source = f"{run.info.artifact_uri}/{FOLDER}"
    version = client.create_model_version(name, source, run.info.run_id, kept, await_creation_for=0)
    if "dvc_experiment" not in tags:
        client.set_registered_model_alias(name, ALIAS, version.version)


@cache
def _tell_once(error: str) -> None:
    """Say that there is no registry; of the error only its kind, whose words may hold anything."""
    print(
        f"warning: MLflow registers no models here ({error}): trained networks are logged with "
        "their runs, and tracking goes on",
        file=sys.stderr,
        flush=True,
    )


def _describe(run: str, folder: Path, model: Mapping[str, Any]) -> None:
    """Write MLmodel and what an environment needs, beside the network, as MLflow reads them."""
    import numpy as np
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    pixels = TensorSpec(np.dtype("float32"), (-1, *model["shape"]))
    logits = TensorSpec(np.dtype("float32"), (-1, model["classes"]))
    described = Model(
        artifact_path=FOLDER, run_id=run,
        signature=ModelSignature(Schema([pixels]), Schema([logits])),
    )  # fmt: skip
    described.add_flavor(
        "keras", data="data", keras_version=model["keras"], keras_backend=model["backend"],
        save_exported_model=False,
    )  # fmt: skip
    described.add_flavor(
        "python_function", loader_module="mlflow.keras", python_version=platform.python_version(),
        env={"virtualenv": "python_env.yaml"},
    )  # fmt: skip
    described.save(str(folder / "MLmodel"))
    needs = [f"keras=={model['keras']}", model["backend"]]
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", encoding="utf-8")
    (folder / "python_env.yaml").write_text(
        f"python: {platform.python_version()}\ndependencies:\n- -r requirements.txt\n",
        encoding="utf-8",
    )
