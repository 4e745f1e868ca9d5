"""`make sweep`, small: run by DVC in folders of its own, compared, repeated, brought back."""

import json
import shutil
import sys
from collections.abc import Callable

import pytest

from heatproof.run.errors import UserError
from tests.scratch import Scratch
from tools import sweep

pytestmark = pytest.mark.timeout(600)

CELL = "baseline_cnn-digits"
SMALL = ("tools.sweep", "--cell", CELL, "--strides", "2", "3", "--kernels", "4")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return Scratch.make(tmp_path_factory.mktemp("a sweep") / "in here", CELL)


def rows(said: str) -> dict[str, list[str]]:
    table = said[said.index("\nexperiment ") :].split("\n\n")[0].strip().splitlines()[1:]
    return {line.split()[0]: line.split()[1:] for line in table}


@pytest.mark.thorough
def test_the_experiments_are_compared_and_repeated(study: Scratch) -> None:
    before = (study.path / "params.yaml").read_bytes()
    first = study.run(*SMALL)
    assert first.returncode == 0, first.stdout
    found = rows(first.stdout)
    assert set(found) == {"digits-stride2-kernel4", "digits-stride3-kernel4"}
    # 16×16 in: a stride of 3 leaves fewer positions for the dense layer than one of 2.
    assert int(found["digits-stride2-kernel4"][4].replace(",", "")) > int(
        found["digits-stride3-kernel4"][4].replace(",", "")
    )
    assert (study.path / "params.yaml").read_bytes() == before
    assert not (study.path / "metrics").exists()
    assert study.git("status", "--porcelain") == ""
    page = study.path / "experiments" / "index.html"
    assert "experiments/index.html" in first.stdout
    html = page.read_text(encoding="utf-8")
    assert html.count('class="matrix grid-table"') == 3, "accuracy, parameters, training time"
    for name in found:
        assert f'title="{name}"' in html
    # Two trainings of two filters each, read from the weights in DVC's cache.
    assert html.count("images/0-0-filters.png") == 4

    again = study.run(*SMALL)
    assert again.returncode == 0, again.stdout
    assert rows(again.stdout) == found
    assert again.stdout.count(f"Stage 'train@{CELL}' is cached") == 2
    assert "Running stage" not in again.stdout
    names = study.run("dvc", "exp", "list", "--name-only").stdout.split()
    assert sorted(names) == sorted(found)

    study.run("dvc", "exp", "apply", "digits-stride3-kernel4")
    assert study.params["models"]["baseline_cnn"]["network"]["stride"] == 3
    text = (study.path / "metrics" / "evaluate" / f"{CELL}.json").read_text(encoding="utf-8")
    assert f"{json.loads(text)['parameters']:,}" == found["digits-stride3-kernel4"][4]
    assert study.repro(f"evaluate@{CELL}")[0] == set()


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What runs a sweep in a study, in this process, and returns why it is refused."""

    def refused(study: Scratch, *words: str) -> str:
        monkeypatch.chdir(study.path)
        monkeypatch.setattr(sys, "argv", [*words])
        with pytest.raises(UserError) as error:
            sweep.main()
        return str(error.value)

    return refused


def test_code_that_git_does_not_know_is_refused(study: Scratch, refusal) -> None:
    (study.path / "stages" / "fresh.py").write_text("", encoding="utf-8")
    assert "git add stages/fresh.py" in refusal(study, *SMALL)
    (study.path / "stages" / "fresh.py").unlink()


def test_a_cell_without_a_stride_is_refused(study: Scratch, refusal) -> None:
    said = refusal(study, "tools.sweep", "--cell", "baseline_cnn-digit")
    assert "did you mean 'baseline_cnn-digits'" in said


def test_a_path_that_dvc_fails_in_is_refused(study: Scratch, refusal) -> None:
    elsewhere = study.path.parent / "größer"
    shutil.copytree(study.path, elsewhere)
    assert "letters beyond ASCII" in refusal(Scratch(elsewhere), *SMALL)
