"""A user without a name or a home can run everything."""

import getpass
import os
import tempfile
from pathlib import Path

import pytest

from heatproof.run import account


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.mark.parametrize("unknown", [KeyError, OSError])
def test_who_has_no_name_is_named_by_number(
    unknown: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unnamed() -> str:
        raise unknown("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", unnamed)
    account.complete()
    assert os.environ["LOGNAME"] == str(os.getuid())


def test_who_has_a_name_keeps_it() -> None:
    os.environ["USER"] = "somebody"
    account.complete()
    assert "LOGNAME" not in os.environ


def test_who_has_no_home_has_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    account.complete()
    assert os.environ["HOME"] == tempfile.gettempdir()


@pytest.mark.parametrize("closed", ["", ".cache", ".config"])
def test_matplotlib_keeps_its_fonts_where_it_can_write(
    closed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    account.complete()
    assert "MPLCONFIGDIR" not in os.environ
    (tmp_path / closed).mkdir(exist_ok=True)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / closed)
    account.complete()
    assert os.environ["MPLCONFIGDIR"] == f"{tempfile.gettempdir()}/matplotlib"
