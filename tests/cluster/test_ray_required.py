"""A Ray that is not there, or does not load, is told in a sentence, before anything runs."""

import sys
from pathlib import Path

import pytest

from heatproof.run.errors import UserError
from tools import cluster_run


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("raise ImportError('no libfoo.so')", r"does not load: no libfoo\.so;"),
        ("raise TypeError('of a wrong version')", r"does not load: of a wrong version;"),
        ("", "Ray is not installed here"),
        (None, "Ray is not installed here"),
    ],
)
def test_it_is_told_before_the_study_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, told: str
) -> None:
    for name in [each for each in sys.modules if each == "ray" or each.startswith("ray.")]:
        monkeypatch.delitem(sys.modules, name)
    if content is None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    else:
        (tmp_path / "ray.py").write_text(content)
        monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")  # as what is called here leaves it
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    with pytest.raises(UserError, match=told):
        cluster_run.run("local", tmp_path, "again")  # where there is no study
    sys.modules.pop("ray", None)
