"""Every stage of dvc.yaml depends on the list of the code it runs."""

from pathlib import Path
from typing import Any

import pytest

from heatproof.attribution.core.method import FAMILIES, MODULES
from stages import fingerprint
from tools import overlay

ROOT = Path(__file__).resolve().parents[2]
PIPELINE: dict[str, Any] = overlay.read(ROOT / "dvc.yaml")["stages"]
BODIES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}
STAGES = [name for name in PIPELINE if name != "fingerprint"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_list(stage: str) -> None:
    """The list is of the module that the command runs, and of the family it names."""
    python, m, module, *words = BODIES[stage]["cmd"].split()
    assert (python, m) == ("python", "-m")
    modules = {module}
    if "--family" in words:
        modules.add(MODULES[words[words.index("--family") + 1]])
    assert fingerprint.entries()[stage] == fingerprint.used_by(*modules)
    assert f"data/code/{stage}.txt" in BODIES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_no_code_itself(stage: str) -> None:
    assert not [dep for dep in BODIES[stage]["deps"] if dep.startswith(("stages", "heatproof"))]


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_found_by_name_has_a_list_of_its_own(stage: str) -> None:
    """A network is built by its model's module, a dataset fetched by its source's."""
    uses = fingerprint.entries()[stage]
    deps = BODIES[stage]["deps"]
    of_models = "data/code/models/${item.architecture}.txt" in deps
    assert of_models == ("heatproof.models.build" in uses)
    assert ("data/code/datasets/${item.fetch.source}.txt" in deps) == (stage == "fetch")


def test_params_yaml_names_only_what_has_a_list() -> None:
    study = overlay.read(ROOT / "params.yaml")
    listed = fingerprint.entries().keys()
    for dataset in study["datasets"].values():
        assert f"datasets/{dataset['fetch']['source']}" in listed
    for cell in study["cells"].values():
        assert f"models/{cell['architecture']}" in listed


def test_every_family_has_its_stage() -> None:
    assert {f"explain_{family}" for family in FAMILIES} <= set(STAGES)


def test_every_list_is_of_a_stage_or_a_choice() -> None:
    names = {name for name in fingerprint.entries() if "/" not in name}
    assert names == set(STAGES)
