"""Where the report's tests run: an empty folder that stands for the repository's root."""

from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

from heatproof.config.params import Params
from heatproof.report import rendering
from tests.report import fixture, galleries


class Kept(jinja2.BytecodeCache):
    """Compiled templates, by their name and their text."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    """Each site has an environment of its own; compiling its templates is half of building it."""
    kept, make = Kept(), rendering.environment

    def environment() -> jinja2.Environment:
        made = make()
        made.bytecode_cache = kept
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "environment", environment)
        yield


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
