"""Two fresh clones of a study, run in unlike circumstances, end in the same bytes.

One by `dvc repro`, the other by `make repro`, whose stages are copies of one process.
"""

from pathlib import Path

import pytest

from tests.repeating.circumstances import CIRCUMSTANCES
from tests.scratch import Scratch

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]

CELL = "simple_cnn-digits"
TOPS = ("data", "metrics")


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scratch, Scratch]:
    """A study run in two clones at once: each loads the machine while the other runs."""
    origin = Scratch.make(tmp_path_factory.mktemp("origin"), CELL)
    plain, strange = CIRCUMSTANCES[0], CIRCUMSTANCES[1]
    made, processes = [], []
    for circumstance, command in ((plain, ["dvc", "repro"]), (strange, ["tools.repro"])):
        folder = tmp_path_factory.mktemp("clone") / circumstance.folder
        origin.git("clone", "-q", str(origin.path), str(folder))
        made.append(Scratch(folder))
        clock = tmp_path_factory.mktemp("clock")
        processes.append(circumstance.start(["-m", *command], folder, clock))
    for process in processes:
        said = process.communicate(timeout=800)[0]
        assert process.returncode == 0, said
    return made[0], made[1]


def test_data_and_metrics_are_the_same(clones) -> None:
    one, two = (clone.contents(*TOPS) for clone in clones)
    stages = {Path(path).parts[2] for path in one if path.startswith("data/metrics")}
    assert {"train", "evaluate", "explain_gradients", "assess"} <= stages
    assert {path for path in one.keys() | two.keys() if one.get(path) != two.get(path)} == set()
    assert len(one) > 30


def test_dvc_notes_the_same(clones) -> None:
    from tools.verify import recorded

    def noted(clone: Scratch) -> dict[str, str]:
        return {
            out["path"]: out["md5"] for stage in recorded(clone.path).values()
            for out in stage["outs"] if "timing" not in out["path"] and "reports" not in out["path"]
        }  # fmt: skip

    one, two = map(noted, clones)
    assert one == two and len(one) > 20


def test_the_report_is_the_same_but_for_durations(clones) -> None:
    one, two = clones
    two.tell_durations_of(one)
    pages = one.contents("reports")
    assert pages == two.contents("reports") and len(pages) > 10
