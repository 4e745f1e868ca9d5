"""Explanations and what is measured of them are byte-identical in every process."""

import shutil
from pathlib import Path

import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config.explain import EXPLAINED
from tests.repeating import explain_cells
from tests.repeating.circumstances import CIRCUMSTANCES
from tests.scratch import ROOT, Scratch, copy_repository

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]

PROGRAM = Path(explain_cells.__file__)
RESULTS = {f"explain_{family}": f"data/explanations/{{}}/{family}.npz" for family in EXPLAINED}
RESULTS |= {f"measure_{family}": f"data/trust/{{}}/{family}.npz" for family in STAGE_FAMILIES}
RESULTS["assess"] = "metrics/assess/{}.json"


@pytest.fixture(scope="module")
def repetitions(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The hashes of all results of three processes, two of them at once."""
    top = tmp_path_factory.mktemp("explained")
    made = top / "made"
    made.mkdir()
    copy_repository(made)
    (made / "tests").symlink_to(ROOT / "tests")
    process = CIRCUMSTANCES[0].start([str(PROGRAM), "make"], made, top / "clock")
    said = process.communicate(timeout=1000)[0]
    assert process.returncode == 0, said
    (made / "tests").unlink()
    found = []
    for pair in (CIRCUMSTANCES[:2], CIRCUMSTANCES[2:3]):
        folders = [top / each.folder for each in pair]
        for folder in folders:
            shutil.copytree(made, folder)
        processes = [
            each.start([str(PROGRAM)], folder, top / "clock")
            for each, folder in zip(pair, folders, strict=True)
        ]
        for process, folder in zip(processes, folders, strict=True):
            said = process.communicate(timeout=1000)[0]
            assert process.returncode == 0, said
            found.append(
                Scratch(folder).contents(
                    "data/explanations", "data/trust", "data/metrics", "metrics"
                )
            )
    return found


@pytest.mark.parametrize("stage", RESULTS)
@pytest.mark.parametrize("cell", explain_cells.CELLS)
def test_every_process_gives_the_same_bytes(repetitions, cell: str, stage: str) -> None:
    for path in (RESULTS[stage].format(cell), f"data/metrics/{stage}/{cell}.json"):
        assert len({each[path] for each in repetitions}) == 1, path


def test_all_that_is_written_is_compared(repetitions) -> None:
    named = {
        path for cell in explain_cells.CELLS for stage, pattern in RESULTS.items()
        for path in (pattern.format(cell), f"data/metrics/{stage}/{cell}.json")
    }  # fmt: skip
    assert all(set(each) == named for each in repetitions)
