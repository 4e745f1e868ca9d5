"""Mutants: each differs from the program in one place, and in what the program does."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof.config.yaml_file import read_yaml
from tests.mutation import mutants, mutating
from tests.scratch import ROOT, environment


def mutants_of(source: str) -> list[tuple[str, str]]:
    found = [mutating.mutated(source, number)[1] for number in range(mutating.count(source))]
    return [(mutant.was, mutant.becomes) for mutant in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a + b", [("a + b", "a - b")]),
        ("x /= b", [("x /= b", "x *= b")]),
        ("x = a < b <= c", [("a < b <= c", "a <= b <= c"), ("a < b <= c", "a < b < c")]),
        ("x = a and not b", [("a and (not b)", "a or not b"), ("a and (not b)", "a and b")]),
        ("f(-a)", [("f(-a)", "f(a)")]),
        ("f(axis=0)", [("axis=0", "axis=1")]),
        ("x = True, 3, 0.5, 0.0",
         [("(True, 3, 0.5, 0.0)", f"({values})") for values in
          ("False, 3, 0.5, 0.0", "True, 4, 0.5, 0.0", "True, 3, 1.0, 0.0", "True, 3, 0.5, 1.0")]),
        ("np.maximum(a, b)", [("np.maximum(a, b)", "np.minimum(a, b)")]),
        ("if a:\n    f()", [("a", "not a")]),
        ("x = b if a else c", [("a", "not a")]),
    ],
)  # fmt: skip
def test_what_is_changed(source: str, expected: list[tuple[str, str]]) -> None:
    assert mutants_of(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of 3 words."""',
        "raise ValueError(f'{a + 1} is too many', 3)",
        "def f(a: Annotated[int, 3]) -> Literal[1]: ...",
        "x: int = Field(ge=1, le=2)",
        "print(1 + 2)",
        "if TYPE_CHECKING:\n    x = 1",
        "def picture(a) -> 'Figure':\n    return a + 1",
        "x = 'a' + b",
        "x = list(zip(a, b, strict=True))",
    ],
)
def test_what_only_describes_is_left_alone(source: str) -> None:
    assert mutants_of(source) == []


@pytest.mark.parametrize("module", ["trust/ranking.py", "attribution/perturbation/lime.py"])
def test_every_mutant_of_a_module_is_another_program(module: str) -> None:
    source = (ROOT / "heatproof" / module).read_text(encoding="utf-8")
    plain = ast.unparse(ast.parse(source))
    changed = [mutating.mutated(source, number)[0] for number in range(mutating.count(source))]
    assert len(changed) > 20 and plain not in changed
    for text in changed:
        differing = [
            a for a, b in zip(text.splitlines(), plain.splitlines(), strict=True) if a != b
        ]
        assert len(differing) == 1


def test_every_module_has_tests_and_the_sample_is_of_all(monkeypatch) -> None:
    monkeypatch.chdir(ROOT)
    places = mutants.places()
    modules = {place.module: place for place in places}
    assert {module.partition("/")[0] for module in modules} == set(mutants.PACKAGES)
    for place in modules.values():
        tests = mutants.tests_of(place)
        assert 0 < len(tests) <= mutants.FILES and all(Path(test).exists() for test in tests)
    assert (
        mutants.tests_of(modules["attribution/perturbation/lime.py"])[0]
        == "tests/attribution/perturbation/test_lime.py"
    )


def test_each_equivalent_mutant_that_is_written_down_is_one() -> None:
    for each in read_yaml(ROOT / mutants.EQUIVALENT):
        source = (ROOT / "heatproof" / each["module"]).read_text(encoding="utf-8")
        assert (each["was"], each["becomes"]) in mutants_of(source), each


@pytest.mark.thorough
def test_a_wrong_measure_is_killed_and_an_unlikely_goal_is_not_met() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.mutants", "--count", "3",
         "--only", "measures/simplicity"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("killed     heatproof/trust/measures/simplicity.py:") == 3
    assert "3 of 3 mutants killed (100%)" in done.stdout
