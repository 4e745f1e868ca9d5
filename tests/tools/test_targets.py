"""A misspelt stage is told as a misspelt command is, before DVC is asked."""

import re

import pytest

from heatproof.config import params
from heatproof.run.errors import UserError
from tests.scratch import ROOT
from tools import targets


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("evalute", "evalute: there is no stage 'evalute'; did you mean 'evaluate'?; known: "),
        ("evalute@simple_cnn-mnist", "did you mean 'evaluate'?"),
        ("assess@simple_cnn-mnits", "assess@simple_cnn-mnits: params.yaml has no 'simple_cnn-mni"),
        ("assess@simple_cnn-mnits", " under cells; did you mean 'simple_cnn-mnist'?; known: sim"),
        ("fetch@mnits", " under datasets; did you mean 'mnist'?"),
        ("report@mnist", "report@mnist: 'report' is one stage for the whole study: `report`"),
    ],
)
def test_what_is_not_there_is_named(target: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        targets.require_stages(["report", target], params.load())


def test_what_is_there_passes_and_files_are_left_to_dvc() -> None:
    known = ("report", "train", "train@simple_cnn-mnist", "../dvc.yaml:fetch", "images.dvc")
    targets.require_stages(known, params.load())


def test_a_stage_of_which_the_study_has_none_is_not_the_whole_study() -> None:
    """DVC runs all stages where a target stands for none."""
    study = params.load()
    empty = study.model_copy(update={"compared": {}})
    with pytest.raises(UserError, match="none under compared"):
        targets.require_stages(["compare_runs"], empty)
