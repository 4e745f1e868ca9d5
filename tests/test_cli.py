"""The command `heatproof` names programs that are there, quickly, and becomes them."""

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heatproof import cli
from tests.scratch import ROOT


def heatproof(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from heatproof import cli; cli.main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_command_is_a_program() -> None:
    for module, _ in cli.COMMANDS.values():
        assert importlib.util.find_spec(module), module


def test_help_names_every_command_and_takes_no_time() -> None:
    before = os.times()
    done = heatproof("--help")
    after = os.times()
    assert done.returncode == 0
    assert after.children_user + after.children_system - sum(before[2:4]) < 0.5
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)


def test_it_becomes_the_program_with_its_options_and_exit_code() -> None:
    done = heatproof("repro", "--budget", "papr")
    assert done.returncode == 2 and "did you mean 'paper'" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verfy"], "heatproof verfy: no such command; did you mean 'verify'?"),
        (["verify"], "is not a study, it has no params.yaml: go to"),
        (["update"], "is not a study, it has no params.yaml: go to"),
    ],
)
def test_a_mistake_is_a_line(tmp_path: Path, words: list[str], message: str) -> None:
    done = heatproof(*words, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["-h"], ["--study", "none", "--help"]])
def test_help_is_there_outside_a_study(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes the program, of which `test_help_is_there_without_docstrings` has some."""
    became: list[list[str]] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execv", lambda _, program: became.append(program))
    for name, (module, _) in cli.COMMANDS.items():
        cli._dispatch([name, *words])
        assert became[-1][1:] == ["-m", module, *words]


def test_a_study_in_another_folder_is_named(tmp_path: Path) -> None:
    for words in (["--study", str(ROOT)], [f"--study={ROOT}"]):
        done = heatproof("verify", *words, "simple_cnn-mist", folder=tmp_path)
        assert done.returncode == 2
        assert "did you mean 'simple_cnn-mnist'" in done.stderr
    done = heatproof("verify", "--study", "none", folder=tmp_path)
    assert (done.returncode, done.stderr) == (2, "error: --study none: there is no such folder\n")


@pytest.mark.parametrize("name", ["repro", "results", "single_file", "sweep", "verify"])
def test_help_is_there_without_docstrings(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -OO` removes them."""
    tool = importlib.import_module(f"tools.{name}")
    monkeypatch.setattr(tool, "__doc__", None)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        tool.main()
    assert ended.value.code == 0 and "usage: " in capsys.readouterr().out
