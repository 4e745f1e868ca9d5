"""What `make export` advises is what it takes."""

import re
import shlex
from pathlib import Path

import pytest

from heatproof.run.errors import UserError
from tools import export


@pytest.mark.parametrize("make", [True, False])
def test_the_advice_to_leave_a_format_out_can_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path, make: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if make:
        (tmp_path / "Makefile").write_text((repository / "Makefile").read_text())
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UserError, match="leave ONNX out") as refused:
        export.require_packages(list(export.FORMATS), "net-birds")
    advised = re.findall("`(.*?)`", str(refused.value))[-1]
    if make:
        assert advised == 'make export CELL=net-birds EXPORT="--formats keras saved_model"'
        assert "tools.export $(CELL) $(EXPORT)" in (tmp_path / "Makefile").read_text()
    else:
        assert advised == "heatproof export net-birds --formats keras saved_model"
    assert "onnx" not in shlex.split(advised)
