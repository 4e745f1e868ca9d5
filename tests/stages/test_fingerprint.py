"""What counts as a change of code, and which code is a stage's."""

import hashlib
import io
import tokenize
from collections.abc import Callable
from pathlib import Path

import pytest

from heatproof.run import source_code
from heatproof.run.source_code import files, strip_comments, used_by
from stages import fingerprint
from tests import overlay
from tests.small_cell import load_params, write_params

CELL, MODEL = "simple_cnn-digits", "simple_cnn"

CODE = '''"""What it is."""

import math  # of Python


class Circle:
    """A circle."""

    text = """two

    # lines"""
    """What is
    written."""

    def area(self):
        """Return it."""
        # As Archimedes found.
        return f"# {math.pi}"  # not exact
'''
LEFT = '''import math
class Circle:
    text = """two

    # lines"""
    def area(self):
        return f"# {math.pi}"
'''


def test_remarks_and_empty_lines_do_not_count() -> None:
    assert strip_comments(CODE) == LEFT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("math.pi", "math.e"),
        ("two\n\n", "two\n"),  # an empty line, but of a string
        ("# lines", "# line"),  # no comment, but of a string
        ("        return", "    return"),
        ("class Circle", "class Round"),
    ],
)
def test_what_is_done_counts(before: str, after: str) -> None:
    assert strip_comments(CODE.replace(before, after)) != LEFT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("What it is", "What\nit was"),
        ("# As", "# Just as"),
        ("  # not exact", ""),
        ("What is\n", "Of\nwhat is\n"),
        ("\n\n\n", "\n"),
    ],
)
def test_comments_and_docstrings_do_not_count(before: str, after: str) -> None:
    assert strip_comments(CODE.replace(before, after)) == LEFT


def test_the_prose_of_a_record_does_not_count_and_its_facts_do() -> None:
    record = 'x = Measure(name="a", meaning="how far it is",\n    better="lower", label="Ä")  # b\n'
    reworded = 'x = Measure(name="a", meaning="’far’ "\n"or so",\n    better="lower", label="")\n'
    assert strip_comments(record) == strip_comments(reworded)
    assert strip_comments(record) != strip_comments(record.replace("lower", "higher"))


@pytest.mark.parametrize(
    ("module", "wording"),
    [
        ("heatproof.trust.controls", "Edge filter"),
        ("heatproof.trust.measure", "Ground truth"),
        ("heatproof.trust.measure", "mean colour"),
        ("heatproof.trust.measures.robustness", "under small noise"),
    ],
)
def test_what_readers_are_shown_is_no_code_of_assessments(module: str, wording: str) -> None:
    source = source_code.known()[module].read_text(encoding="utf-8")
    assert wording not in strip_comments(source)
    assert module in used_by(*entries()["measure_shapley"])


def test_measures_belong_to_the_stage_that_takes_them() -> None:
    robustness, shuffled = (
        f"heatproof.trust.measures.{x}" for x in ("robustness", "shuffled_labels")
    )
    lists = {name: used_by(*modules) for name, modules in entries().items()}
    assert all("heatproof.storage.seal" in each for each in lists.values())
    for stage in ("measure_gradients", "assess"):
        assert robustness in lists[stage] and shuffled not in lists[stage]
    assert shuffled in lists["assess_shuffled"] and robustness not in lists["assess_shuffled"]
    assert {robustness, shuffled} <= lists["report"]
    assert "heatproof.statistics.numbers" not in lists["measure_shapley"], "how numbers are written"


def test_what_orders_and_names_families_counts_for_the_report() -> None:
    told = used_by(*entries()["report"], finders=True)
    assert set(source_code.FINDERS) <= told
    assert not set(source_code.FINDERS) & used_by(*entries()["report"])


def test_a_body_that_is_only_a_docstring_changes_nothing() -> None:
    assert strip_comments('def f():\n    """Wait."""\n\n\nf()\n') == "def f():\nf()\n"


def test_no_remark_of_the_project_is_left() -> None:
    for name, path in source_code.known().items():
        left = strip_comments(path.read_text(encoding="utf-8"))
        if not any(line.lstrip().startswith("#") for line in left.splitlines()):
            continue
        tokens = tokenize.generate_tokens(io.StringIO(left).readline)  # a text may have such lines
        assert all(token.type != tokenize.COMMENT for token in tokens), name


def entries(*cells: str) -> dict[str, tuple[str, ...]]:
    return fingerprint.entries(load_params(*cells or ("resnet18-mnist",)))


def test_a_stage_uses_what_it_imports_and_what_that_imports() -> None:
    train = used_by("stages.train")
    assert {
        "heatproof.training.loop",
        "heatproof.training.batches",
        "heatproof.run.runtime",
    } <= train
    assert not {name for name in train if name.startswith("heatproof.attribution.core.method")}
    assert "heatproof.models.architectures.resnet18" not in train
    assert not {name for name in train if not source_code.counts(name)}


def test_a_family_uses_its_methods_and_no_others() -> None:
    perturbation = used_by(*entries()["explain_perturbation"])
    assert "heatproof.attribution.core.masking" in perturbation
    assert "heatproof.attribution.cam.gradcam" not in perturbation
    study = load_params(CELL)
    gradients = {"gradcam": study.explain.gradients["gradcam"]}
    explain = study.explain.model_copy(update={"gradients": gradients})
    fewer = fingerprint.entries(study.model_copy(update={"explain": explain}))
    modules = used_by(*fewer["explain_gradients"])
    assert "heatproof.attribution.cam.gradcam" in modules
    assert "heatproof.attribution.cam.layercam" not in modules


def test_the_prose_of_a_record_counts_for_the_report_only() -> None:
    gradcam = source_code.ROOT / "heatproof/attribution/cam/gradcam.py"
    assert source_code.digest(gradcam) != source_code.digest(gradcam, prose=True)
    told = strip_comments(gradcam.read_text(encoding="utf-8"))
    assert "weighting=weighted" in told and "Grad-CAM" not in told


def test_an_architecture_is_listed_with_its_helpers_and_without_its_neighbours() -> None:
    assert "heatproof.models.layers" in used_by(*entries()["models/resnet18"])
    assert "heatproof.models.architectures.simple_cnn" not in used_by(*entries()["models/resnet18"])


def test_templates_belong_to_the_report() -> None:
    names = {path.name for path in files(used_by(*entries()["report"]))}
    assert {"base.html", "report.js", "site.py"} <= names
    assert not {path.suffix for path in files(used_by(*entries()["report"]))} & {".pyc"}


@pytest.mark.parametrize("module", [*source_code.TRACKED_PICTURES, *source_code.COUNTED])
def test_what_is_an_exception_is_there(module: str) -> None:
    assert module in source_code.known()


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("heatproof.run.runtime", True),
        ("heatproof.run.tracking", False),
        ("heatproof.storage.weights", False),
        ("heatproof.config.params", False),
        ("heatproof.training.options", False),
        ("heatproof.training.loop", True),
        ("heatproof", False),
        ("heatproof.evaluation", True),
    ],
)
def test_what_moves_values_does_not_count(module: str, expected: bool) -> None:
    assert source_code.counts(module) == expected


@pytest.mark.parametrize("stage", ["train", "evaluate", "explain_gradients", "assess"])
def test_a_change_of_the_report_makes_no_other_stage_stale(stage: str) -> None:
    modules = used_by(*entries()[stage])
    assert not {name for name in modules if name.startswith(("heatproof.report", "heatproof.api"))}


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, bytes]]:
    """Return what writes the lists of a study and returns them."""
    monkeypatch.chdir(tmp_path)
    write_params(CELL, runs={f"{CELL}-seed43": {"model": MODEL, "dataset": "digits", "seed": 43}})

    def write() -> dict[str, bytes]:
        fingerprint.main()
        files = [path for path in Path("data").rglob("*") if path.is_file()]
        return {path.as_posix(): path.read_bytes() for path in files}

    return write


def test_lists_are_written_and_repeat(written) -> None:
    lists = written()
    code = {f"data/code/{name}.txt" for name in entries(CELL)}
    assert lists.keys() == code | {f"data/runs/{run}.json" for run in (CELL, f"{CELL}-seed43")}
    text = lists["data/code/train.txt"].decode()
    line = next(line for line in text.splitlines() if line.endswith(" stages/train.py"))
    source = strip_comments((source_code.ROOT / "stages/train.py").read_text(encoding="utf-8"))
    assert line.split()[0] == hashlib.sha256(source.encode()).hexdigest()
    assert written() == lists


def test_a_list_of_what_is_gone_goes(written) -> None:
    for old in (Path("data/code/models/gone.txt"), Path("data/runs/gone.json")):
        old.parent.mkdir(parents=True)
        old.write_text("x")
    assert not [path for path in written() if "gone" in path]


@pytest.mark.parametrize(
    ("blocks", "own", "other"),
    [
        ({"models": {MODEL: {"schedules": {"cpu": {"digits": {"epochs": 9}}}}}}, True, True),
        ({"models": {MODEL: {"schedules": {"paper": {"digits": {"epochs": 9}}}}}}, False, False),
        ({"models": {MODEL: {"schedules": {"cpu": {"mnist": {"epochs": 9}}}}}}, False, False),
        ({"models": {MODEL: {"training": {"momentum": 0.5}}}}, True, True),
        ({"training": {"momentum": 0.5}}, True, True),
        ({"datasets": {"digits": {"augmentation": {"flip": True}}}}, True, True),
        ({"datasets": {"digits": {"preprocess": {"test_fraction": 0.5}}}}, False, False),
        ({"evaluate": {"calibration_bins": 3}}, False, False),
        ({"seed": 7}, True, False),
        ({"threads": 1}, True, True),
    ],
)
def test_a_run_changes_with_what_its_training_uses_and_with_nothing_else(
    written, blocks, own: bool, other: bool
) -> None:
    runs = (CELL, f"{CELL}-seed43")
    before = written()
    overlay.write(Path("params.yaml"), overlay.overlaid(overlay.read(Path("params.yaml")), blocks))
    after = written()
    changed = [before[f"data/runs/{run}.json"] != after[f"data/runs/{run}.json"] for run in runs]
    assert changed == [own, other]
