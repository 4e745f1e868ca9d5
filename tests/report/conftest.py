"""Where the report's tests run: an empty folder that stands for the repository's root."""

import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import jinja2
import pytest

from heatproof.config.params import Params
from heatproof.report import rendering
from heatproof.storage import atomic
from stages import report
from tests.report import fixture


class TemplateCache(jinja2.BytecodeCache):
    """Compiled templates, by their name and their text."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _fast_builds() -> Iterator[None]:
    """Compile templates once for all sites, and do not wait for the disk after every file."""
    cache, make = TemplateCache(), rendering.environment

    def environment() -> jinja2.Environment:
        templates = make()
        templates.bytecode_cache = cache
        return templates

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "environment", environment)
        patch.setattr(atomic.os, "fsync", lambda _: None)
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into an empty folder, where the stages' relative paths lead."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def written_study(
    tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> tuple[Path, Params]:
    """Write the results of two cells on digits, once for all tests."""
    place = tmp_path_factory.mktemp("study")
    with chdir(place):
        return place, fixture.write_study(repository)


@pytest.fixture
def small_study(folder: Path, written_study: tuple[Path, Params]) -> Params:
    """Copy the results of two cells on digits into the current folder."""
    place, params = written_study
    shutil.copytree(place, folder, dirs_exist_ok=True)
    return params


@pytest.fixture(scope="session")
def small_site(
    tmp_path_factory: pytest.TempPathFactory, written_study: tuple[Path, Params]
) -> Path:
    """Build the site of `small_study`, for tests that only read it; return the study's folder."""
    place = tmp_path_factory.mktemp("built") / "study"
    shutil.copytree(written_study[0], place)
    with chdir(place):
        report.main()
    return place
