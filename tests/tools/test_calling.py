"""A program names itself as it can be called where it runs."""

from pathlib import Path

from tools.calling import command


def test_by_make_in_the_repository_and_as_heatproof_elsewhere(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("verify", "a-b") == "heatproof verify a-b"
    Path("Makefile").touch()
    assert command("verify", "a-b") == "make verify CELL=a-b" and command("sweep") == "make sweep"
