"""Training with JAX: the same contract as with TensorFlow, and weights that serve TensorFlow.

Keras takes one backend a process, so all of JAX runs in processes of its own.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heatproof.config import params
from heatproof.run import runtime
from heatproof.storage import artifacts, paths, weights
from tests import stored
from tests.models import networks
from tests.scratch import environment, has_jax, real_params
from tests.small_cell import write_params

ROOT = Path(__file__).resolve().parents[2]
CELL = "simple_cnn-digits"
# Logits of the same weights in TensorFlow and JAX; of networks as large as the study's 5e-5 at most
# was measured, for logits up to 41.
LOGITS_APART = 1e-3
QUICK = "simple_cnn"
CASES = "tests/training/jax_cases.py"
DEVICES = "tests/training/jax_devices.py"
LOOP = ("loop", "checkpoints", "augmentation")

pytestmark = pytest.mark.skipif(not has_jax(), reason="JAX is not installed (requirements-dev.txt)")

# Takes away what a machine that only trains with JAX does not have.
ALONE = """
import runpy, sys
GONE = {"tensorflow", "dvc", "mlflow", "pandas", "matplotlib", "sklearn", "skimage", "PIL",
        "tqdm", "requests", "tensorflow_datasets", "jinja2", "threadpoolctl"}
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in GONE else find(name, package)
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def on(backend: str, *words: str, cwd: Path = ROOT, **more: str) -> str:
    """Run Python with this backend of Keras'; return what it prints."""
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False,
        env=environment(KERAS_BACKEND=backend, PYTHONPATH=str(ROOT), **more),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def passes_on_jax(*cases: str, **more: str) -> None:
    on("jax", "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *cases, **more)


@pytest.mark.thorough
def test_it_computes_in_half_precision_resumes_and_its_weights_serve_tensorflow(tmp_path) -> None:
    """In one process: to load JAX and compile for it is what takes time."""
    passes_on_jax(CASES, TRAINED=QUICK, TRAINED_TO=str(tmp_path))
    serves_tensorflow(QUICK, tmp_path)


@pytest.mark.thorough
def test_several_devices_train_one_network() -> None:
    """On four that a CPU stands for: JAX takes their number when it starts."""
    passes_on_jax(DEVICES, XLA_FLAGS="--xla_force_host_platform_device_count=4")


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_it_keeps_the_whole_contract_of_the_loop() -> None:
    passes_on_jax(*(f"tests/training/test_{name}.py" for name in LOOP))


def digits_in(folder: Path, monkeypatch: pytest.MonkeyPatch, **blocks: object) -> None:
    """Write params.yaml of one small cell and its prepared data, the bundled digits."""
    from heatproof.datasets.preparation import split
    from heatproof.datasets.sources import digits

    monkeypatch.chdir(folder)
    write_params(CELL, **blocks)
    study = params.load()
    raw = digits.fetch(study.dataset("digits").fetch)
    fraction = study.dataset("digits").preprocess.test_fraction
    stored.write("digits", split(raw, fraction, study.seed))


def test_the_stage_needs_nothing_but_keras_jax_and_the_readers(tmp_path, monkeypatch) -> None:
    digits_in(tmp_path, monkeypatch)
    stage = ("-c", ALONE, "stages.train", "--run", CELL)
    said = on("jax", *stage, cwd=tmp_path, STUDY_TRACKING="")
    assert "MLflow is not installed: the run is not tracked" in said
    assert "warning" not in said.lower()
    assert artifacts.read_run("train", CELL)["backend"] == "jax"
    assert paths.weights(CELL).stat().st_size and paths.history(CELL).stat().st_size


@pytest.mark.thorough
def test_it_learns_as_much_as_with_tensorflow(tmp_path, monkeypatch) -> None:
    """Within five of the 144 validation images, from another start and other random changes."""
    real = real_params()["models"]["simple_cnn"]
    real["schedules"]["cpu"]["digits"]["train_images"] = "all"
    digits_in(tmp_path, monkeypatch, models={"simple_cnn": real})
    found = {}
    for backend in ("tensorflow", "jax"):
        on(backend, "-m", "stages.train", "--run", CELL, cwd=tmp_path)
        found[backend] = artifacts.read_metrics("train", CELL)["val_accuracy"]
    assert found["tensorflow"] > 0.93
    assert abs(found["jax"] - found["tensorflow"]) < 5 / 144


# Compiling the training of the large networks takes XLA about half a minute on two cores.
@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in networks.NAMES if name != QUICK])
def test_its_weights_serve_tensorflow(name: str, tmp_path: Path) -> None:
    passes_on_jax(CASES, "-k", name, TRAINED=name, TRAINED_TO=str(tmp_path))
    serves_tensorflow(name, tmp_path)


def serves_tensorflow(name: str, folder: Path) -> None:
    with np.load(folder / f"{name}.npz") as told:
        images, expected = told["images"], told["logits"]
    model = networks.network(name, networks.COLOUR)
    before = model.predict_on_batch(images.astype(np.float32) / 255)
    weights.read(folder / f"{name}.weights.h5", model, "")
    logits = model.predict_on_batch(images.astype(np.float32) / 255)
    assert np.abs(before - expected).max() > LOGITS_APART  # the training changed something
    np.testing.assert_allclose(logits, expected, atol=LOGITS_APART)


def test_without_jax_the_error_names_what_to_install(monkeypatch) -> None:
    from heatproof.run.errors import UserError

    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"JAX is not installed here: .*requirements-jax\.txt"):
        runtime.configure(threads=1, seed=0)
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: name == "jax" or None)
    with pytest.raises(UserError, match=r"tensorflow is not installed here.*KERAS_BACKEND=jax"):
        runtime.configure(threads=1, seed=0)
