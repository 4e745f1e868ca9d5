"""Real runs of DVC on a small digits cell: what runs after which change, and what does not.

The steps build on each other, in one repository, because running stages is what costs. So most of
them ask DVC what has changed, and only what no status tells is run.
"""

import contextlib
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heatproof.config import params
from heatproof.run import temporary
from heatproof.storage import inputs
from tests import overlay
from tests.end_to_end.test_remotes import Remote, serves
from tests.scratch import ROOT, Scratch, piped_params

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SIMPLE, BASELINE = "simple_cnn-digits", "baseline_cnn-digits"
PIPELINE: dict[str, Any] = overlay.read(ROOT / "dvc.yaml")["stages"]
# What runs once, for all cells, and what each cell has.
OF_THE_STUDY = {name for name, stage in PIPELINE.items() if "foreach" not in stage}
OF_THE_DATASET = {
    f"{name}@digits" for name, stage in PIPELINE.items() if stage.get("foreach") == "${datasets}"
}
OF_A_CELL = [
    name for name, stage in PIPELINE.items() if stage.get("foreach") in ("${cells}", "${runs}")
]
EXPLAINS = [name for name in OF_A_CELL if name.startswith("explain_") or name == "crosscheck"]
BROUGHT = "brought-digits"
ARCHITECTURE = "heatproof/models/architectures/simple_cnn.py"


# The cell of a saved network has these in the place of those of a run.
OF_A_SAVED = [
    name
    for name, stage in PIPELINE.items()
    if stage.get("foreach") == "${saved}" or (name in OF_A_CELL and stage["foreach"] == "${cells}")
]


def stages_of(name: str) -> set[str]:
    return {f"{stage}@{name}" for stage in OF_A_CELL}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A study of one cell, run once, where a path with spaces and umlauts has to be no obstacle."""
    return Scratch.make(tmp_path_factory.mktemp("a study") / "größer als nötig", SIMPLE)


@contextmanager
def changed(study: Scratch, key: str, value: Any) -> Iterator[set[str]]:
    """Change a parameter for a while; yield the stages of cells that DVC then looks at again."""
    before = (study.path / "params.yaml").read_bytes()
    study.change(key, value)
    try:
        yield study.changed() - OF_THE_STUDY
    finally:
        (study.path / "params.yaml").write_bytes(before)


@contextmanager
def names_in(folder: Path) -> Iterator[set[str]]:
    """Collect the names of all that is in a folder for more than a moment."""
    seen: set[str] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            seen.update(path.name for path in folder.iterdir())

    looks = threading.Thread(target=look)
    looks.start()
    try:
        yield seen
    finally:
        ended.set()
        looks.join()


@contextmanager
def edited_meanwhile(study: Scratch, key: str, value: Any) -> Iterator[None]:
    """Change a parameter as soon as dvc.lock has a training; change it back at the end."""
    before, lock = (study.path / "params.yaml").read_bytes(), study.path / "dvc.lock"

    def edit() -> None:
        while not (lock.exists() and "train@" in lock.read_text("utf-8")):
            time.sleep(0.1)
        study.change(key, value)

    edits = threading.Thread(target=edit, daemon=True)
    edits.start()
    yield
    edits.join(timeout=60)
    assert not edits.is_alive()
    (study.path / "params.yaml").write_bytes(before)


def test_everything_runs_once_and_leaves_no_temporary_file(
    study: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is there one that another user could swap while it runs. It uses what it began with."""
    tmp_path.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    edited = edited_meanwhile(study, "evaluate.bootstrap_samples", 300)
    with names_in(tmp_path) as seen, edited:
        done = study.run("tools.repro")
    assert list(tmp_path.iterdir()) == []
    (private,) = (name for name in seen if len(name) != 8)  # so long are Python's own, tried out
    assert private.startswith(temporary.PREFIX)
    assert done.returncode == 0, done.stdout
    ran = set(re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE))
    assert ran == OF_THE_STUDY | OF_THE_DATASET | stages_of(SIMPLE)
    assert SIMPLE in (study.path / "reports" / "index.html").read_text(encoding="utf-8")
    assert study.git("status", "--porcelain", "--", "data", "reports") == ""


def test_nothing_runs_without_a_change(study: Scratch) -> None:
    """So it was noted under the parameters that it was made with."""
    assert study.repro() == (set(), set())


def test_what_was_trained_serves_another_machine_through_a_folder(study, tmp_path: Path) -> None:
    study.git("add", "-A")
    study.git("commit", "-q", "-m", "Trained")
    store = Remote(str(tmp_path / "store"), {}, Path(sys.executable), {})
    serves(store, study, tmp_path / "second machine")


def test_a_stage_knows_what_dvc_knows_that_it_depends_on(study: Scratch) -> None:
    from dvc.dependency.param import ParamsDependency
    from dvc.repo import Repo

    with contextlib.chdir(study.path), Repo() as repo:
        parameters = params.load()
        for stage in repo.index.stages:
            own = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
            keys = [key for dep in stage.deps if dep not in own for key in dep.params]
            deps, named, _ = inputs.depends_on(stage.addressing, parameters)
            assert {Path(dep.fs_path) for dep in own} == {study.path / dep for dep in deps}
            assert sorted(named) == sorted(keys)


def test_which_images_are_explained_changes_all_that_explains_and_no_training(study) -> None:
    with changed(study, "explain.images.right_per_class", 2) as stages:
        assert stages == {f"{stage}@{SIMPLE}" for stage in EXPLAINS}


def test_a_methods_parameter_changes_its_stage_and_what_makes_its_maps_again(study) -> None:
    with changed(study, "explain.perturbation.lime.samples", 60) as stages:
        made = ("explain_perturbation", "measure_perturbation", "crosscheck", "playground")
        assert stages == {f"{stage}@{SIMPLE}" for stage in made}


def test_a_training_parameter_changes_the_training(study: Scratch) -> None:
    """What a training uses is noted in a file, of which DVC knows when it is written."""
    before = study.params
    study.change("models.simple_cnn.network.filters", [3, 2])
    assert study.repro("fingerprint")[0] == {"fingerprint"}
    stages = study.changed()
    study.write_params(before)
    assert study.repro("fingerprint")[1] == {"fingerprint"}, "a revert comes from the run-cache"
    assert study.changed() == set()
    assert f"train@{SIMPLE}" in stages
    assert stages <= stages_of(SIMPLE) | OF_THE_STUDY


def test_a_new_cell_changes_no_other(study: Scratch) -> None:
    before = study.params
    study.write_params(piped_params(SIMPLE, BASELINE))
    new = study.changed()
    study.write_params(before)
    assert new - OF_THE_STUDY == stages_of(BASELINE)


def test_only_code_reruns_stages_and_only_those_that_use_it(study: Scratch) -> None:
    """The lists are written as DVC would, which looks at code whenever it is another."""
    path = study.path / ARCHITECTURE
    before = path.read_bytes()
    path.write_bytes(before + b"# a comment\n")
    assert study.run("stages.fingerprint").returncode == 0
    assert study.changed() == {"fingerprint"}
    path.write_bytes(before + b"UNUSED = 1\n")
    assert study.run("stages.fingerprint").returncode == 0
    stages = study.changed()
    assert {f"train@{SIMPLE}", f"evaluate@{SIMPLE}"} <= stages
    assert stages <= stages_of(SIMPLE) | OF_THE_STUDY
    path.write_bytes(before)
    assert study.run("stages.fingerprint").returncode == 0
    assert study.changed() == set()


def measures_of(study: Scratch) -> dict[str, str]:
    """Return the hash of each file that has numbers of the trained cell."""
    files = study.contents("metrics", "data/metrics")
    return {path: digest for path, digest in files.items() if SIMPLE in path}


@pytest.fixture(scope="module")
def measured(study: Scratch) -> dict[str, str]:
    """The measures of the trained cell before a parameter was changed."""
    return measures_of(study)


def test_a_change_reruns_what_rests_on_it_alone(study: Scratch, measured: dict[str, str]) -> None:
    study.change("evaluate.bootstrap_samples", 200)
    rests = {f"{stage}@{SIMPLE}" for stage in ("evaluate", "assess", "crosscheck")}
    changed = study.changed()
    assert {f"evaluate@{SIMPLE}"} <= changed <= rests | OF_THE_STUDY
    done = study.run("tools.repro", f"assess@{SIMPLE}")
    assert done.returncode == 0, done.stdout
    ran = set(re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE))
    assert {f"evaluate@{SIMPLE}"} <= ran <= rests
    assert measures_of(study).keys() == measured.keys() and measures_of(study) != measured
    assert "report" in study.changed()


def test_a_revert_runs_no_stage_of_the_cell(study: Scratch, measured: dict[str, str]) -> None:
    study.write_params(piped_params(SIMPLE))
    ran, restored = study.repro(f"assess@{SIMPLE}")
    assert not ran & stages_of(SIMPLE) and f"evaluate@{SIMPLE}" in restored
    assert measures_of(study) == measured


def test_a_stage_writes_the_same_where_dvc_alone_runs_it(
    study: Scratch, measured: dict[str, str]
) -> None:
    """By `dvc repro`, whose stages load their libraries themselves."""
    stage = f"evaluate@{SIMPLE}"
    assert study.repro("--single-item", "--force", stage)[0] == {stage}
    assert measures_of(study) == measured


def write_brought(study: Scratch) -> None:
    """Write parameters with a cell of a network that exists beside the one that is trained."""
    content = piped_params(SIMPLE)
    network = {"architecture": "saved", "file": "brought.keras", "scaling": "255"}
    content["models"]["brought"] = {"network": network}
    content["cells"][BROUGHT] = {"model": "brought", "dataset": "digits"}
    content["saved"] = {BROUGHT: content["cells"][BROUGHT] | {"file": "brought.keras"}}
    study.write_params(content)


def test_a_network_that_exists_is_opened_and_never_trained(study: Scratch) -> None:
    """Beside a cell that is trained, none of whose stages runs again."""
    model, other = saved_networks(study.path)
    write_brought(study)
    of_it = {f"{stage}@{BROUGHT}" for stage in OF_A_SAVED}
    assert study.changed() - OF_THE_STUDY == of_it
    done = study.run("tools.repro", f"evaluate_saved@{BROUGHT}")
    assert done.returncode == 0, done.stdout
    assert "open brought-digits: the softmax at its end was taken off" in done.stdout
    assert study.changed() - OF_THE_STUDY == of_it - {
        f"open@{BROUGHT}",
        f"evaluate_saved@{BROUGHT}",
    }
    assert (study.path / "brought.keras").read_bytes() == model

    weights = study.path / "data" / "models" / f"{BROUGHT}.weights.h5"
    before = weights.read_bytes()
    weights.unlink()
    assert study.repro(f"open@{BROUGHT}") == (set(), {f"open@{BROUGHT}"})
    assert weights.read_bytes() == before, "the network is not read from its file again"
    (study.path / "brought.keras").write_bytes(other)
    assert f"open@{BROUGHT}" in study.changed(), "DVC sees that the file is another"
    (study.path / "brought.keras").write_bytes(model)
    done = study.run("stages.train", "--run", BROUGHT)
    assert done.returncode == 2 and "is a saved network, which is never trained" in done.stdout


@pytest.mark.thorough
def test_all_stages_of_a_network_that_exists(study: Scratch) -> None:
    """Run on to the report: that each stage explains such a network, other tests say too."""
    saved_networks(study.path)
    write_brought(study)
    done = study.run("tools.repro")
    assert done.returncode == 0, done.stdout
    ran = set(re.findall(r"^Running stage '(.+)':", done.stdout, re.MULTILINE))
    assert {f"{stage}@{BROUGHT}" for stage in OF_A_SAVED} <= ran
    assert study.changed() == set()
    page = (study.path / "reports" / "cells" / f"{BROUGHT}.html").read_text(encoding="utf-8")
    assert "Opened, not trained here" in page and 'id="curves"' not in page


def saved_networks(folder: Path) -> tuple[bytes, bytes]:
    """Save two networks of digits, the first as brought.keras, and return their files."""
    import keras
    from keras import layers

    files = []
    for seed in (1, 0):
        keras.utils.set_random_seed(seed)
        inner = keras.Sequential([layers.Input((16, 16, 1)), layers.Conv2D(2, 3)], name="inner")
        model = keras.Sequential([
            layers.Input((16, 16, 1)), layers.Rescaling(1 / 255), inner, layers.ReLU(),
            layers.Flatten(), layers.Dense(10, activation="softmax"),
        ])  # fmt: skip
        model.save(folder / "brought.keras")
        files.append((folder / "brought.keras").read_bytes())
    (folder / "brought.keras").write_bytes(files[0])
    return files[0], files[1]
