"""A model trained on one machine serves another: two clones and a DVC remote between them.

`test_repro` has it with a folder as the remote, and what was trained there.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scratch import ROOT, Scratch, environment

CELL = "simple_cnn-digits"
TRAINED = f"evaluate@{CELL}"
NEXT = f"explain_perturbation@{CELL}"
WEIGHTS = Path("data/models") / f"{CELL}.weights.h5"
# dvc-s3 brings botocore, which wants an older python-dateutil than requirements.txt has.
S3_ENVIRONMENT = ROOT / ".venv-s3"
S3_REQUIREMENTS = ROOT / "requirements-s3.txt"
# What every client of S3 asks for; moto takes any.
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}


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
def s3_python() -> Path:
    """The Python of an environment with dvc-s3 and moto, made if it is not there."""
    python = S3_ENVIRONMENT / "bin" / "python"
    stamp = S3_ENVIRONMENT / ".installed"
    if not stamp.exists() or stamp.read_bytes() != S3_REQUIREMENTS.read_bytes():
        for words in (
            [sys.executable, "-m", "venv", "--clear", str(S3_ENVIRONMENT)],
            [str(python), "-m", "pip", "install", "-q", "-r", str(S3_REQUIREMENTS)],
        ):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{S3_ENVIRONMENT.name} cannot be made: {done.stderr.strip()[-300:]}")
        stamp.write_bytes(S3_REQUIREMENTS.read_bytes())
    return python


@pytest.fixture(scope="module")
def s3(s3_python: Path) -> Iterator[Remote]:
    """moto's S3 on 127.0.0.1, with a bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    variables = environment() | KEYS
    words = [str(s3_python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            make = (
                "import sys, boto3\n"
                "boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket='bucket')\n"
            )
            _wait_for("127.0.0.1", port)
            subprocess.run([str(s3_python), "-c", make, address], env=variables, check=True)
            yield Remote("s3://bucket/study", {"endpointurl": address}, s3_python, KEYS)
        finally:
            server.terminate()


def _wait_for(host: str, port: int, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.thorough
@pytest.mark.timeout(900)
def test_through_s3(s3: Remote, first: Scratch, tmp_path: Path) -> None:
    serves(s3, first, tmp_path / "second")
    assert f"explain_perturbation@{CELL}" in Scratch(tmp_path / "second").changed(), "it comes next"
    assert os.environ.get("AWS_ACCESS_KEY_ID") != KEYS["AWS_ACCESS_KEY_ID"]
