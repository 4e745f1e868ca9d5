"""A study on two hosts that share no network but a cable, and results by S3 alone."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.cluster import state
from tests import s3
from tests.cluster import hosts
from tests.cluster.requirement import RAY
from tests.scratch import Scratch, environment

pytestmark = [pytest.mark.cluster, RAY, pytest.mark.timeout(900)]
CELL = "simple_cnn-digits"


def test_a_study_on_two_hosts_by_s3_leaves_nothing_to_do(tmp_path: Path) -> None:
    study = Scratch.make(tmp_path / "study", CELL)
    study.change("threads", 1)
    (tmp_path / "packages").mkdir()
    try:
        s3.python()
        with hosts.hosts() as pair:
            run_on(pair, study, s3.beside_the_rest(tmp_path / "packages"))
    except (s3.NotMadeError, hosts.NoNamespacesError) as reason:
        if os.environ.get("CI") and os.geteuid() == 0 and isinstance(reason, s3.NotMadeError):
            raise
        pytest.skip(str(reason))
    run = state.read(study.path)
    assert run is not None and run.how == "done"
    assert len({row.node for row in run.tasks.values()}) == 2, "both hosts had tasks"
    assert study.repro() == (set(), set()), "the head has it all"
    assert not study.changed()


def run_on(pair: tuple[hosts.Host, hosts.Host], study: Scratch, packages: Path) -> None:
    """Run a study from the first host, with S3 there too."""
    first = pair[0]
    variables = environment(
        **s3.KEYS,
        NO_PROXY=first.ip,
        PYTHONPATH=str(packages),
        RAY_AUTH_MODE="token",
        RAY_AUTH_TOKEN=secrets.token_hex(32),
    )
    with s3.served(first.ip, 9000, first.within) as address:
        for words in (
            ["remote", "add", "--local", "-d", "store", f"s3://{s3.BUCKET}/study"],
            ["remote", "modify", "--local", "store", "endpointurl", address],
        ):
            assert study.run("dvc", *words).returncode == 0
        with hosts.ray_on(pair, variables) as cluster:
            words = [sys.executable, "-m", "tools.cluster", "run", cluster, "--through-remote"]
            done = subprocess.run(
                [*first.within, *words], cwd=study.path, env=variables, timeout=800,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
    assert done.returncode == 0, done.stdout
