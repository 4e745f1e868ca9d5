"""What counts as a change of code, and which code is a stage's."""

import hashlib
from pathlib import Path

import pytest

from stages import fingerprint
from stages.fingerprint import entries, files, used_by, without_remarks

CODE = '''"""What it is."""

import math  # of Python


class Circle:
    """A circle."""

    text = """two

    # lines"""

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
    assert without_remarks(CODE) == LEFT


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
    assert without_remarks(CODE.replace(before, after)) != LEFT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("What it is", "What\nit was"),
        ("# As", "# Just as"),
        ("  # not exact", ""),
        ("\n\n\n", "\n"),
    ],
)
def test_what_is_said_does_not(before: str, after: str) -> None:
    assert without_remarks(CODE.replace(before, after)) == LEFT


def test_a_body_that_is_only_a_docstring_changes_nothing() -> None:
    assert without_remarks('def f():\n    """Wait."""\n\n\nf()\n') == "def f():\nf()\n"


def test_no_remark_of_the_project_is_left() -> None:
    for name, path in fingerprint.known().items():
        left = without_remarks(path.read_text(encoding="utf-8"))
        code = [line for line in left.splitlines() if not line.lstrip().startswith("#")]
        assert len(code) == len(left.splitlines()), name


def test_a_stage_uses_what_it_imports_and_what_that_imports() -> None:
    train = used_by("stages.train")
    assert {
        "heatproof.training.loop",
        "heatproof.training.batches",
        "heatproof.run.runtime",
    } <= train
    assert not {name for name in train if name.startswith("heatproof.attribution.core.method")}
    assert "heatproof.models.architectures.resnet18" not in train
    assert not train & fingerprint.PLUMBING.keys()


def test_a_family_uses_its_methods_and_no_others() -> None:
    lime = entries()["explain_lime"]
    assert "heatproof.attribution.perturbation.surrogate" in lime
    assert "heatproof.attribution.perturbation.rise" not in lime


def test_an_architecture_is_listed_with_its_helpers_and_without_its_neighbours() -> None:
    assert "heatproof.models.layers" in entries()["models/resnet18"]
    assert "heatproof.models.architectures.simple_cnn" not in entries()["models/resnet18"]


def test_templates_belong_to_the_report() -> None:
    names = {path.name for path in files(entries()["report"])}
    assert {"base.html", "report.js", "site.py"} <= names
    assert not {path.suffix for path in files(entries()["report"])} & {".pyc"}


def test_plumbing_is_there_and_makes_no_numbers() -> None:
    assert fingerprint.PLUMBING.keys() <= fingerprint.known().keys()


def test_lists_are_written_and_repeat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fingerprint.main()
    written = {path: path.read_bytes() for path in tmp_path.rglob("*.txt")}
    assert len(written) == len(entries())
    text = (tmp_path / "data/code/train.txt").read_text()
    line = next(line for line in text.splitlines() if line.endswith(" stages/train.py"))
    source = without_remarks((fingerprint.ROOT / "stages/train.py").read_text(encoding="utf-8"))
    assert line.split()[0] == hashlib.sha256(source.encode()).hexdigest()
    fingerprint.main()
    assert written == {path: path.read_bytes() for path in tmp_path.rglob("*.txt")}


def test_a_list_of_what_is_gone_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = tmp_path / "data/code/models/gone.txt"
    old.parent.mkdir(parents=True)
    old.write_text("x")
    fingerprint.main()
    assert not old.exists()
