"""A cell's stages lie within its run, which has the headline numbers; its network is registered."""

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from heatproof.run import tracking, tracking_cells, tracking_models
from heatproof.run.tracking_cells import PARENT, REPLACED, Cells
from heatproof.run.tracking_sender import Sender
from tests.run.tracking.recorded import cells, client_of, forget, runs, send

CELL = "a-b"


def note(stage: str, name: str = CELL, **headline: float) -> None:
    """Track a stage as it does itself."""
    with tracking.run(stage, name, {"seed": 1, "network": {"filters": 8}}, CELL) as run:
        run.log_results({"accuracy": 0.5, "per_class": {"cat": {"recall": 0.25}}}, results())
        run.log_headline(headline)


def results() -> Path:
    """Write what a stage came to, as a file."""
    path = Path("results.json")
    path.write_text('{"n": 3, "rates": {"cat": 0.25}}')
    return path


def configured(text: str) -> None:
    """Have params.yaml say this of the cell's training."""
    path = Path("data", "runs", f"{CELL}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_stages_and_further_runs_lie_within_one_run_of_the_cell(begun: Path, notes: Path) -> None:
    configured("{}")
    note("train", train_seconds=3.0)
    note("evaluate", accuracy=0.9)
    send(notes)
    note("train", f"{CELL}-seed43")
    note("evaluate", accuracy=0.8)
    send(notes)
    (cell,) = cells(begun)
    assert (cell.info.run_name, cell.info.status) == (CELL, "FINISHED")
    assert cell.data.metrics == {"train_seconds": 3.0, "accuracy": 0.8}, "as they are now"
    assert cell.data.params == {"seed": "1", "network.filters": "8"}
    inside = runs(begun)
    assert {run.data.tags[PARENT] for run in inside} == {cell.info.run_id}
    names = sorted(run.info.run_name for run in inside)
    assert names == [f"evaluate {CELL}"] * 2 + [f"train {CELL}", f"train {CELL}-seed43"]
    later, earlier = (run for run in inside if run.info.run_name.startswith("evaluate"))
    assert earlier.data.tags[REPLACED] == later.info.run_id
    assert [run for run in inside if REPLACED in run.data.tags] == [earlier]


def test_another_training_or_experiment_has_a_run_of_its_own_and_the_first_is_found_again(
    begun: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for training in ("slow", "fast", "slow"):
        configured(training)
        note("evaluate", accuracy={"slow": 0.9, "fast": 0.7}[training])
        send(notes)
    monkeypatch.setenv("DVC_EXP_NAME", "stride2")
    note("evaluate", accuracy=0.6)
    send(notes)
    found = {
        (run.data.tags["dvc_experiment"], run.data.metrics["accuracy"]) for run in cells(begun)
    }
    assert found == {("workspace", 0.9), ("workspace", 0.7), ("stride2", 0.6)}


def test_what_there_is_of_each_class_is_an_artifact_and_no_metric(begun: Path, notes: Path) -> None:
    with tracking.run("evaluate", CELL, {}) as run:
        of_classes = {"rates": {"cat": 0.25}, "table": np.zeros((2, 2)), "name": "net"}
        run.log_results({"n": np.int64(3), **of_classes}, results())
    send(notes)
    (logged,) = runs(begun)
    assert logged.data.metrics == {"n": 3.0}
    path = begun / "mlartifacts" / logged.info.run_id / "artifacts" / "metrics.json"
    assert path.read_text() == results().read_text()


def test_a_cells_run_ends_as_its_last_stage_and_not_before(begun: Path, notes: Path) -> None:
    forget()
    sender = Sender(notes, lambda error: pytest.fail(str(error)))
    with pytest.raises(ValueError), tracking.run("train", CELL, {}) as run:
        run.log_metrics({"loss": 1.0})
        sender.send()
        assert [cell.info.status for cell in cells(begun)] == ["RUNNING"]
        raise ValueError
    sender.send()
    assert [cell.info.status for cell in cells(begun)] == ["FAILED"]
    note("evaluate")
    sender.send()
    assert [cell.info.status for cell in cells(begun)] == ["FINISHED"]


def test_parallel_processes_make_one_run_of_a_cell(begun: Path) -> None:
    from heatproof.run import tracking_store

    (begun / ".dvc" / "tmp").mkdir(parents=True)
    forget()
    client = tracking_store.client()
    experiment = tracking_store.experiment_id(client)
    tags = dict.fromkeys(("git_commit", "mlflow.source.git.commit", "mlflow.source.type"), "x")
    together = threading.Barrier(3)

    def begin(number: int) -> None:
        first = {"time": number, "cell": "o'b", "training": "t", "params": {}, "begin": "s"}
        together.wait()
        Cells(client, experiment).begin(first | {"tags": tags | {"dvc_stage": f"s@{number}"}})

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (cell,) = cells(begun)
    assert [run.data.tags[PARENT] for run in runs(begun)] == [cell.info.run_id] * 3


@pytest.mark.parametrize(
    ("name", "expected"), [("odd (%)", "odd ___"), ("on_usps/ece", "on_usps/ece"), ("/a", "_a")]
)
def test_names_are_as_mlflow_takes_them(name: str, expected: str) -> None:
    assert tracking_cells.allowed(name) == expected


def test_a_network_is_registered_and_opened_by_mlflow(
    tmp_path: Path, empty_database: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras
    from mlflow import set_tracking_uri
    from mlflow.keras import load_model

    from heatproof.models.batch_norm import BatchNormalization
    from heatproof.models.builtin_layers import plain

    study = tmp_path / "birds: all"
    study.mkdir()
    monkeypatch.chdir(study)
    shutil.copy(empty_database, study / "mlflow.db")
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(BatchNormalization()(inputs)))
    model = keras.Model(inputs, outputs)
    for experiment in ("", "stride2"):
        if experiment:
            monkeypatch.setenv("DVC_EXP_NAME", experiment)
        with tracking.run("train", CELL, {}) as run:
            run.log_model(lambda path: plain(model).save(path), (8, 8, 1), 3)
        send(notes)
    client = client_of(study)
    (registered,) = client.search_registered_models()
    assert registered.name == f"birds_ all-{CELL}"
    assert registered.aliases == {"study": 1}, "an experiment's is version 2, and no more"
    versions = client.search_model_versions(f"name = '{registered.name}'")
    experiments = {each.version: each.tags.get("dvc_experiment") for each in versions}
    assert experiments == {1: None, 2: "stride2"}
    set_tracking_uri("sqlite:///mlflow.db")
    opened = load_model(f"models:/{registered.name}@study")
    pixels = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
    assert np.array_equal(np.asarray(opened(pixels)), np.asarray(model(pixels)))
    files = {path.name for path in study.rglob("artifacts/model/**/*") if path.is_file()}
    own = {"MLmodel", "model.keras", "python_env.yaml", "requirements.txt"}
    assert own <= files <= own | {"registered_model_meta"}, "MLflow's note; and no pickle"


def test_without_a_registry_a_network_is_logged_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.exceptions import MlflowException

    logged: list[tuple[object, ...]] = []

    class Client:
        def log_artifacts(self, *words: object) -> None:
            logged.append(words)

        def get_run(self, run: str) -> SimpleNamespace:
            info = SimpleNamespace(artifact_uri="there", run_id=run)
            return SimpleNamespace(data=SimpleNamespace(tags={}), info=info)

        def create_registered_model(self, *_: object, **__: object) -> None:
            raise MlflowException("there is none: hunter2")

        create_model_version = create_registered_model

    (tmp_path / tracking_models.FOLDER).mkdir()
    model = {"cell": CELL, "shape": [8, 8, 1], "classes": 3, "keras": "3", "backend": "jax"}
    for _ in range(2):
        tracking_models.log(Client(), "1", tmp_path, model)
    assert [words[0] for words in logged] == ["1", "1"]
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and "registers no models" in line and "hunter2" not in line
