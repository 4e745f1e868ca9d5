"""A cell with its maps, before and after it is assessed: each made once, since it takes seconds."""

import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from heatproof.attribution.families import STAGE_FAMILIES
from heatproof.config import params
from tests import small_cell
from tests.small_cell import explain_cell
from tests.trust.assess.assessed_cell import BLOCKS, CELL, measured, write_accuracy


@pytest.fixture(scope="session")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cell with its maps, as the stages before leave it."""
    made = tmp_path_factory.mktemp("explained")
    with chdir(made), pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_TRACKING", "off")
        small_cell.write_params(CELL, **BLOCKS)
        small_cell.write_cell(CELL, 16, 1, mistaken=lambda p: np.arange(len(p)) % 2 == 1)
        write_accuracy(0.4)
        for family in STAGE_FAMILIES:
            explain_cell(CELL, family)
    return made


@pytest.fixture(scope="session")
def assessed(explained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it after the stage, for tests that only read."""
    made = tmp_path_factory.mktemp("assessed")
    shutil.copytree(explained, made, dirs_exist_ok=True)
    with chdir(made), pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDY_TRACKING", "off")
        measured(params.load())
    return made


@pytest.fixture(autouse=True)
def folder(explained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(explained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STUDY_TRACKING", "off")
    return tmp_path
