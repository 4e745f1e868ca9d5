"""What the worker tells of a request that fails: a remedy, or that it is a bug."""

import errno
from typing import Any

import pytest

from heatproof.app import worker
from heatproof.app.open_cells import OpenCells
from heatproof.run.errors import UserError


@pytest.mark.parametrize(
    ("error", "event", "told"),
    [
        (UserError("a.png: damaged"), "refused", "a.png: damaged"),
        (OSError(errno.ENOSPC, "", "/tmp/picture"), "failed", "/tmp/picture: the disk is full"),
        (MemoryError(), "failed", "out of memory; choose fewer methods"),
        (ValueError("x"), "failed", "a bug of Heatproof's"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_told(
    error: Exception, event: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def fails(*_: object) -> None:
        raise error

    told_of: list[dict[str, Any]] = []
    monkeypatch.setattr(worker, "answer", fails)
    worker._serve(OpenCells(), {}, b"", told_of.append, lambda: False)
    [message] = told_of
    assert message["event"] == event and told in message["message"]
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, ValueError)
