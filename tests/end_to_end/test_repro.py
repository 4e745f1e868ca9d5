"""Real `dvc repro` on small digits cells: what runs after which change, and what does not.

The steps build on each other, in one repository, because starting TensorFlow is what costs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from heatproof.attribution.registry import STAGES
from tests.scratch import Scratch, shrunken_params

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SIMPLE, BASELINE = "simple_cnn-digits", "baseline_cnn-digits"
OF_A_CELL = ("train", "evaluate", *(f"explain_{family}" for family in STAGES), "assess")

# What every change of a result reaches.
LAST = {"claims", "report"}


def stages_of(name: str) -> set[str]:
    return {f"{stage}@{name}" for stage in OF_A_CELL}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A study of one cell, run once, where a path with spaces and umlauts has to be no obstacle."""
    return Scratch.make(tmp_path_factory.mktemp("a study") / "größer als nötig", SIMPLE)


@contextmanager
def appended(study: Scratch, name: str, text: str) -> Iterator[None]:
    path = study.path / name
    before = path.read_bytes()
    path.write_bytes(before + text.encode())
    try:
        yield
    finally:
        path.write_bytes(before)


def test_everything_runs_once(study: Scratch) -> None:
    ran, restored = study.repro()
    assert ran == {"fingerprint", "fetch@digits", "preprocess@digits", *stages_of(SIMPLE), *LAST}
    assert not restored
    assert SIMPLE in (study.path / "reports" / "index.html").read_text(encoding="utf-8")
    assert study.git("status", "--porcelain", "--", "data", "reports") == ""


def test_nothing_runs_without_a_change(study: Scratch) -> None:
    assert study.repro() == (set(), set())


def test_a_familys_parameter_reruns_that_family_only(study: Scratch) -> None:
    study.change("explain.perturbation.lime.samples", 60)
    ran, _ = study.repro()
    assert ran == {f"explain_perturbation@{SIMPLE}", f"assess@{SIMPLE}", *LAST}


def test_which_images_are_explained_retrains_nothing(study: Scratch) -> None:
    study.change("explain.images.right_per_class", 2)
    assert study.changed() == {f"explain_{family}@{SIMPLE}" for family in STAGES}
    ran, _ = study.repro(f"explain_gradients@{SIMPLE}")
    assert ran == {f"explain_gradients@{SIMPLE}"}
    study.change("explain.images.right_per_class", 1)
    assert study.repro() == (set(), {f"explain_gradients@{SIMPLE}"})


def test_a_new_cell_runs_alone(study: Scratch) -> None:
    study.write_params({**shrunken_params(SIMPLE, BASELINE), "explain": study.params["explain"]})
    assert study.changed() == {*stages_of(BASELINE), *LAST}
    ran, _ = study.repro(f"evaluate@{BASELINE}", f"evaluate@{SIMPLE}")
    assert ran == {f"train@{BASELINE}", f"evaluate@{BASELINE}"}


def test_a_models_parameter_reruns_its_cells_and_a_revert_trains_nothing(study: Scratch) -> None:
    weights = study.path / "data" / "models" / f"{BASELINE}.weights.h5"
    before = weights.read_bytes()
    study.change("models.baseline_cnn.network.stride", 2)
    ran, _ = study.repro(f"evaluate@{BASELINE}", f"evaluate@{SIMPLE}")
    assert ran == {f"train@{BASELINE}", f"evaluate@{BASELINE}"}
    assert weights.read_bytes() != before

    study.change("models.baseline_cnn.network.stride", 1)
    ran, restored = study.repro(f"evaluate@{BASELINE}", f"evaluate@{SIMPLE}")
    assert ran == set()
    assert restored == {f"train@{BASELINE}", f"evaluate@{BASELINE}"}
    assert weights.read_bytes() == before


def test_a_remark_in_the_code_reruns_nothing(study: Scratch) -> None:
    with appended(study, "heatproof/models/architectures/simple_cnn.py", "# a remark\n"):
        ran, _ = study.repro(f"assess@{SIMPLE}", f"evaluate@{BASELINE}")
    assert ran == {"fingerprint"}


def test_an_architectures_file_reruns_its_cells(study: Scratch) -> None:
    weights = study.path / "data" / "models" / f"{SIMPLE}.weights.h5"
    before = weights.read_bytes()
    with appended(study, "heatproof/models/architectures/simple_cnn.py", "UNUSED = 1\n"):
        ran, _ = study.repro(f"evaluate@{SIMPLE}", f"evaluate@{BASELINE}")
    assert ran == {"fingerprint", f"train@{SIMPLE}", f"evaluate@{SIMPLE}"}
    assert weights.read_bytes() == before, "the same training gives the same bytes"
    assert study.repro(f"evaluate@{SIMPLE}")[0] == set()
