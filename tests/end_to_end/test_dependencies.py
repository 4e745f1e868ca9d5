"""Every stage of dvc.yaml depends on the list of the code it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from heatproof.attribution import registry
from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from heatproof.config.schema import Block
from heatproof.crosscheck import checks
from heatproof.crosscheck.processes import PROGRAM
from heatproof.playground import methods as live_page
from heatproof.run.source_code import used_by
from stages import fingerprint
from tests import overlay

ROOT = Path(__file__).resolve().parents[2]
PIPELINE: dict[str, Any] = overlay.read(ROOT / "dvc.yaml")["stages"]
BODIES = {name: stage.get("do", stage) for name, stage in PIPELINE.items()}
REAL = params.load(ROOT / "params.yaml")
ENTRIES = fingerprint.entries(REAL)
STAGES = [name for name in PIPELINE if name != "fingerprint"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_own_list(stage: str) -> None:
    """The list is of the module that the command runs, and of the family it names."""
    python, m, module, *words = BODIES[stage]["cmd"].split()
    assert (python, m) == ("python", "-m")
    modules = {module}
    if "--family" in words:
        family = words[words.index("--family") + 1]
        modules |= {*registry.modules(getattr(REAL.explain, family))}
    if stage == "crosscheck":
        modules |= {PROGRAM, *checks.modules()}
    if stage == "playground":
        modules |= {*registry.modules(live_page.NAMES)}
    if stage in ("assess_shuffled", "report"):
        modules |= {*registry.modules(REAL.explain.methods)}
    if stage in ("evaluate_corrupted", "evaluate_on"):
        modules |= {*registry.modules(REAL.domains.methods)}
    measures = {name for name in ENTRIES[stage] if name.startswith("heatproof.trust.measures.")}
    assert bool(measures) == (stage in ("assess", "report") or stage.startswith("measure_"))
    assert set(ENTRIES[stage]) - measures == modules
    listed = "data/code/datasets/${key}.txt" if stage == "fetch" else f"data/code/{stage}.txt"
    assert listed in BODIES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_no_code_itself(stage: str) -> None:
    assert not [dep for dep in BODIES[stage]["deps"] if dep.startswith(("stages", "heatproof"))]


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_found_by_name_has_a_list_of_its_own(stage: str) -> None:
    """A network is built by its architecture's module."""
    uses, deps = used_by(*ENTRIES[stage]), BODIES[stage]["deps"]
    assert ("data/code/models/${item.model}.txt" in deps) == ("heatproof.models.build" in uses)


class Recorded:
    """Parameters, or a block of them, that record the keys which are read: `assess.measures`."""

    def __init__(self, of: Any, keys: set[str], place: str = "") -> None:
        self._of, self._keys, self._place = of, keys, place

    def __getattr__(self, name: str) -> Any:
        value, place = getattr(self._of, name), f"{self._place}.{name}"
        if not self._place and isinstance(value, Block):
            return Recorded(value, self._keys, name)
        self._keys.add(place.removeprefix("."))
        return value


@pytest.mark.parametrize(
    ("stage", "reads"),
    [
        ("fingerprint", fingerprint.entries),
        ("report", params.Params.explained_images.fget),  # a sentence of each cell's page has it
    ],
)
def test_a_stage_depends_on_the_parameters_that_it_reads(
    stage: str, reads: Callable[[Any], object]
) -> None:
    keys: set[str] = set()
    reads(Recorded(params.load(ROOT / "params.yaml"), keys))
    listed = BODIES[stage]["params"]
    assert keys and not [k for k in keys if k not in listed and k.partition(".")[0] not in listed]


def test_every_family_has_its_stage() -> None:
    assert {f"{kind}_{f}" for kind in ("explain", "measure") for f in STAGE_FAMILIES} <= set(STAGES)


def test_every_list_is_of_a_stage_or_a_choice() -> None:
    names = {name for name in ENTRIES if "/" not in name}
    assert names == set(STAGES)
