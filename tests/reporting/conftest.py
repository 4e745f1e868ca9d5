"""Where the report's tests run: an empty folder that stands for the repository's root."""

from pathlib import Path

import pytest

from stages.params import Params
from tests.reporting import fixture, galleries


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into an empty folder, where the stages' relative paths lead."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_study(folder: Path, repository: Path) -> Params:
    """Write the results of two cells on digits into the current folder."""
    params = fixture.params_file(repository)
    pictures = fixture.digits()
    fixture.write_dataset_metrics("digits", pictures)
    galleries.write_dataset("digits", pictures)
    for name in params.cells:
        fixture.write_cell(params, name, pictures)
    return params
