"""The files for starting Ray elsewhere are what Ray, KubeRay and SLURM's shell would read."""

import json
import re
import shlex
import subprocess
from importlib import util
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scratch import ROOT
from tools import cluster

FILES = ROOT / "docs" / "cluster"
PINNED = re.search(
    r"^ray\[?.*==([\d.]+)", (ROOT / "requirements-cluster.txt").read_text("utf-8"), re.MULTILINE
)


def read(name: str) -> Any:
    return yaml.safe_load((FILES / name).read_text("utf-8"))


def test_the_cloud_file_is_as_rays_own_schema_has_it() -> None:
    content = read("aws.yaml")
    assert {*content} >= {"cluster_name", "provider", "available_node_types", "head_node_type"}
    assert content["head_node_type"] in content["available_node_types"]
    package = util.find_spec("ray")
    if package is None or package.origin is None:
        pytest.skip("requirements-cluster.txt is not installed")
    import jsonschema

    schema = Path(package.origin).parent / "autoscaler" / "ray-schema.json"
    jsonschema.validate(content, json.loads(schema.read_text("utf-8")))


def test_kubernetes_has_the_pinned_ray_and_every_volume() -> None:
    job = read("kubernetes.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    assert PINNED is not None and cluster["rayVersion"] == PINNED[1]
    assert cluster["authOptions"] == {"mode": "token"}
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    images = set()
    for group in groups:
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        images.add(container["image"])
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
        assert "remote" in mounted, "all reach the DVC remote"
    assert len(images) == 1, "the same code and libraries everywhere"


@pytest.mark.parametrize("script", sorted(FILES.glob("*.sh")), ids=lambda path: path.name)
def test_shell_scripts_parse(script: Path) -> None:
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def shell_of(name: str) -> list[str]:
    """Return the commands that a cloud file has its nodes run."""
    content = read(name)
    return [each for key in content if key.endswith("_commands") for each in content[key]]


@pytest.mark.parametrize("command", shell_of("aws.yaml"))
def test_commands_of_the_cloud_file_parse(command: str) -> None:
    done = subprocess.run(
        ["bash", "-n", "-c", command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["aws.yaml", "slurm.sh", "kubernetes.yaml"])
def test_no_cluster_is_open_or_reports_its_usage(name: str) -> None:
    text = (FILES / name).read_text("utf-8")
    assert "token" in text and "RAY_USAGE_STATS_ENABLED" in text
    assert "0.0.0.0" not in text


def test_requirements_named_in_them_are_there() -> None:
    for path in FILES.iterdir():
        for name in re.findall(r"requirements[\w-]*\.txt", path.read_text("utf-8")):
            assert (ROOT / name).is_file(), f"{path.name}: {name}"


def test_slurm_and_kubernetes_run_the_whole_study_where_they_say() -> None:
    from tests.documentation.commands import check

    script = (FILES / "slurm.sh").read_text("utf-8").replace("\\\n", " ")
    (run,) = re.findall(r"-- (heatproof .+)$", script, re.MULTILINE)
    slurm = run.replace('"$head:$port"', "host:6379")
    kubernetes = read("kubernetes.yaml")["spec"]["entrypoint"]
    for command, place in ((slurm, "host:6379"), (kubernetes, "auto")):
        assert check(command) == 1
        words = shlex.split(command.partition(" --study ")[0])
        assert words[:3] == ["heatproof", "cluster", "run"]
        assert cluster.place_and_targets(words[3:]) == (place, [])
    folder = kubernetes.partition(" --study ")[2]
    head = read("kubernetes.yaml")["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    assert folder in {each["mountPath"] for each in head["containers"][0]["volumeMounts"]}


def test_what_s3_takes_is_pinned_once() -> None:
    pins = (ROOT / "requirements-s3.txt").read_text("utf-8")
    own = (ROOT / "requirements-cluster-s3.txt").read_text("utf-8")
    entries = re.findall(r"^[\w-]+==.*(?:\n +--hash.*)+", own, re.MULTILINE)
    assert len(entries) > 3
    assert all(entry in pins for entry in entries), "cut from requirements-s3.txt again"
