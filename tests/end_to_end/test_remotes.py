"""A model trained on one machine serves another: two clones and a DVC remote between them.

`test_repro` has it with a folder as the remote, and what was trained there.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import s3
from tests.scratch import Scratch, environment

CELL = "simple_cnn-digits"
TRAINED = f"evaluate@{CELL}"
NEXT = f"explain_perturbation@{CELL}"
WEIGHTS = Path("data/models") / f"{CELL}.weights.h5"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """The machine that trains: a cell is trained and evaluated there, and no more."""
    study = Scratch.make(tmp_path_factory.mktemp("first"), CELL)
    done = study.run("tools.repro", TRAINED)  # TensorFlow is loaded once
    assert done.returncode == 0 and f"Running stage 'train@{CELL}'" in done.stdout
    study.git("add", "-A")
    study.git("commit", "-q", "-m", "Trained")
    return study


@dataclass(frozen=True)
class Remote:
    """A remote's address, its other settings, and the DVC that can reach it."""

    url: str
    settings: dict[str, str]
    python: Path
    variables: dict[str, str]

    def dvc(self, study: Scratch, *words: str) -> str:
        """Run that DVC in a repository and return what it says."""
        done = subprocess.run(
            [str(self.python), "-m", "dvc", *words], cwd=study.path, text=True, check=False,
            env=environment(**self.variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"dvc {' '.join(words)}\n{done.stdout}"
        return done.stdout

    def name_in(self, study: Scratch) -> None:
        """Make it the repository's default remote, on this machine only."""
        self.dvc(study, "remote", "add", "--local", "-f", "-d", "store", self.url)
        for key, value in self.settings.items():
            self.dvc(study, "remote", "modify", "--local", "store", key, value)


def serves(remote: Remote, first: Scratch, place: Path) -> None:
    """Push what was trained, pull it into a fresh clone, and go on there."""
    remote.name_in(first)
    remote.dvc(first, "push", "--run-cache")
    first.git("clone", "-q", str(first.path), str(place))
    second = Scratch(place)
    assert not (place / WEIGHTS).exists()
    remote.name_in(second)
    # The first machine only trained and evaluated: without the option DVC calls that an error.
    remote.dvc(second, "pull", "--run-cache", "--allow-missing")
    assert (place / WEIGHTS).read_bytes() == (first.path / WEIGHTS).read_bytes()

    assert not second.changed() & {f"train@{CELL}", TRAINED}, "it is as it was trained"
    (place / WEIGHTS).unlink()
    # `dvc repro` would train: DVC does not push the metrics that its run-cache goes with.
    remote.dvc(second, "checkout", str(WEIGHTS))
    assert second.repro(TRAINED) == (set(), set())
    assert (place / WEIGHTS).read_bytes() == (first.path / WEIGHTS).read_bytes()


@pytest.fixture(scope="module")
def served() -> Iterator[Remote]:
    """moto's S3 on 127.0.0.1, with a bucket."""
    try:
        python = s3.python()
    except s3.NotMadeError as reason:
        pytest.skip(str(reason))
    with s3.served() as address:
        keys = s3.KEYS | {"NO_PROXY": "127.0.0.1"}
        yield Remote(f"s3://{s3.BUCKET}/study", {"endpointurl": address}, python, keys)


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_through_s3(served: Remote, first: Scratch, tmp_path: Path) -> None:
    serves(served, first, tmp_path / "second")
    assert f"explain_perturbation@{CELL}" in Scratch(tmp_path / "second").changed(), "it comes next"
    assert os.environ.get("AWS_ACCESS_KEY_ID") != s3.KEYS["AWS_ACCESS_KEY_ID"]
