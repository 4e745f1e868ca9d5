"""An S3 for tests: moto's, in an environment of its own, and what DVC needs to reach it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.scratch import ROOT, environment

# dvc-s3 brings botocore, which wants an older python-dateutil than requirements.txt has.
S3_ENVIRONMENT = ROOT / ".venv-s3"
S3_REQUIREMENTS = ROOT / "requirements-s3.txt"
BUCKET = "bucket"
# What every client of S3 asks for; moto takes any.
KEYS = {
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class NotMadeError(Exception):
    """The environment cannot be made here; the message says why."""


def python() -> Path:
    """Return the Python of the environment with dvc-s3 and moto, made if it is not there.

    Raises:
        NotMadeError: it cannot be made.
    """
    path = S3_ENVIRONMENT / "bin" / "python"
    stamp = S3_ENVIRONMENT / ".installed"
    if not stamp.exists() or stamp.read_bytes() != S3_REQUIREMENTS.read_bytes():
        for words in (
            [sys.executable, "-m", "venv", "--clear", str(S3_ENVIRONMENT)],
            [str(path), "-m", "pip", "install", "-q", "-r", str(S3_REQUIREMENTS)],
        ):
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotMadeError(
                    f"{S3_ENVIRONMENT.name} cannot be made: {done.stderr.strip()[-300:]}"
                )
        stamp.write_bytes(S3_REQUIREMENTS.read_bytes())
    return path


@contextmanager
def served(host: str = "127.0.0.1", port: int = 0, within: Sequence[str] = ()) -> Iterator[str]:
    """Serve moto's S3 with an empty bucket, and yield its address.

    Args:
        host: at which.
        port: 0 for one that is free.
        within: words before each command, such as those of `ip netns exec`.

    Raises:
        NotMadeError: as `python` does.
    """
    program = str(python())
    if not port:
        with socket.socket() as free:
            free.bind((host, 0))
            port = free.getsockname()[1]
    address = f"http://{host}:{port}"
    variables = environment() | KEYS | {"NO_PROXY": host}
    words = [*within, program, "-m", "moto.server", "-H", host, "-p", str(port)]
    with subprocess.Popen(
        words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            make = (
                "import sys, boto3\n"
                "boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket=sys.argv[2])\n"
            )
            _until_made([*within, program, "-c", make, address, BUCKET], variables)
            yield address
        finally:
            server.terminate()


def _until_made(words: Sequence[str], variables: dict[str, str], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.5)


def beside_the_rest(folder: Path) -> Path:
    """Put what requirements-cluster-s3.txt has into a folder for PYTHONPATH, and return it.

    As `pip install --no-deps -r requirements-cluster-s3.txt` would put it beside the rest.
    """
    (packages,) = (S3_ENVIRONMENT / "lib").glob("python*/site-packages")
    listed = (ROOT / "requirements-cluster-s3.txt").read_text("utf-8")
    for name in re.findall(r"^([\w-]+)==", listed, re.MULTILINE):
        module = name.replace("-", "_")
        for path in (packages / module, *packages.glob(f"{module}-*.dist-info")):
            (folder / path.name).symlink_to(path)
    return folder
