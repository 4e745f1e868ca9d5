"""Whatever Keras runs on, it trains the network that the project's side hands over."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import peers
from bench.train import NEEDED
from bench.training import sides
from heatproof.config import params
from heatproof.run import runtime

# The layers of all architectures are in these: mobilenet_v2 has the depthwise convolutions, ReLU6
# and padding; efficient_cnn the branches and the pooling that overlaps.
CELLS = ("mobilenet_v2-mnist", "efficient_cnn-cifar10")
CHECK = """
import sys
from pathlib import Path
from bench.training import sides
from heatproof.config import params
for cell in sys.argv[2:]:
    model = sides.as_keras_has_it(params.load(), cell, Path(sys.argv[1]) / cell)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
    print("same", cell)
"""


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = params.load()
    runtime.configure(study.threads, study.seed)
    from heatproof.models.build import build_model

    folder = tmp_path_factory.mktemp("networks")
    for cell in CELLS:
        model = build_model(study, cell, sides.SHAPES[study.cell(cell).dataset], sides.CLASSES)
        disturb(model)
        (folder / cell).mkdir()
        sides.write(folder / cell, model)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.thorough), "torch"]
)
def test_its_logits_are_the_projects(backend: str, handed_over: Path) -> None:
    python = Path(sys.executable)
    if backend == "torch":
        environment = peers.find(peers.ROOT / ".venv-peers", NEEDED)
        if environment.absent:
            pytest.skip(environment.absent)
        python = environment.python
    done = subprocess.run(
        [python, "-c", CHECK, str(handed_over), *CELLS], cwd=peers.ROOT, text=True,
        env=os.environ | {"KERAS_BACKEND": backend}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [f"same {cell}" for cell in CELLS]


def test_another_network_is_refused(handed_over: Path, tmp_path: Path) -> None:
    cell = CELLS[0]
    (tmp_path / sides.WEIGHTS).symlink_to(handed_over / cell / sides.WEIGHTS)
    expected = sides.read(handed_over / cell)
    sides.as_keras_has_it(params.load(), cell, handed_over / cell)
    logits = expected.logits + 1e-3 * np.abs(expected.logits).max()
    np.savez(tmp_path / sides.EXPECTED, logits=logits, gflop=expected.gflop)
    with pytest.raises(RuntimeError, match="Keras on tensorflow: its logits are off"):
        sides.as_keras_has_it(params.load(), cell, tmp_path)


def test_what_a_pass_costs_comes_with_the_network(handed_over: Path) -> None:
    # README: 5.6 and 39.6 million
    costs = [round(1000 * sides.read(handed_over / cell).gflop, 1) for cell in CELLS]
    assert costs == [5.6, 39.6]


def disturb(model) -> None:
    """Move every weight from where layers start, so that none can stand in for another unseen."""
    generator = np.random.default_rng(0)
    for variable in model.weights:
        if variable.name in ("beta", "bias", "moving_mean"):
            variable.assign(generator.normal(0, 0.1, variable.shape))
        elif variable.name in ("gamma", "moving_variance"):
            variable.assign(generator.uniform(0.5, 1.5, variable.shape))
