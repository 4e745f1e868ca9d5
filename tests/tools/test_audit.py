"""The audit of the requirements: what fails it, what is explained, and where it cannot be done."""

import json
import sys
from pathlib import Path

import pytest

from heatproof.run import command
from tools import audit

ROOT = Path(__file__).resolve().parents[2]
FOUND = {"id": "PYSEC-1", "aliases": ["CVE-2", "GHSA-3"], "fix_versions": ["2.0"]}
BAD = {"name": "left", "version": "1.0", "vulns": [FOUND]}
GOOD = {"name": "right", "version": "1.0", "vulns": []}
SKIPPED = {"name": "none", "skip_reason": "Dependency not found on PyPI"}
PROBED = {"dependencies": [BAD], "fixes": []}
# Stands in for pip-audit: of the probe it says the first word, of the requirements the second.
TOOL = """
import sys
said = sys.argv[1] if sys.argv[-1].endswith("probe.txt") else sys.argv[2]
print(said) if said.startswith("{") else sys.exit(said)
"""


@pytest.fixture
def audited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A function that audits with given reports; returns the exit code and what is said."""
    monkeypatch.chdir(tmp_path)
    audit.REQUIREMENTS.write_text("left==1.0\nright==1.0\n")

    def run(report: object, explained: str = "{}", probed: object = PROBED) -> tuple[int, str]:
        texts = [r if isinstance(r, str) else json.dumps(r) for r in (probed, report)]
        tool = [sys.executable, "-c", TOOL, *texts]
        monkeypatch.setattr(audit, "installed", lambda environment: tool)
        audit.EXPLAINED.write_text(f"explained: {explained}\n")
        try:
            command.run(audit.main)
        except SystemExit as ended:
            return int(ended.code), capsys.readouterr().err
        return 0, capsys.readouterr().out

    return run


def report(*packages: dict) -> dict:
    return {"dependencies": list(packages), "fixes": []}


def test_nothing_found(audited) -> None:
    assert audited(report(GOOD)) == (
        0, "audited: requirements.txt, 0 known vulnerabilities, all of them explained\n",
    )  # fmt: skip


def test_what_is_found_fails_until_it_is_explained(audited) -> None:
    code, said = audited(report(BAD, GOOD))
    assert code == 2
    assert "requirements.txt: left 1.0: PYSEC-1 = CVE-2 = GHSA-3, mended in 2.0" in said
    assert "explain it in vulnerabilities.yaml" in said
    for name in ("PYSEC-1", "CVE-2", "GHSA-3"):
        explained = f"{{left: {{{name}: only in a server that is not run here}}}}"
        assert audited(report(BAD, GOOD), explained)[0] == 0
    of_another = "{right: {PYSEC-1: only in a server that is not run here}}"
    assert audited(report(BAD, GOOD), of_another)[0] == 2


@pytest.mark.parametrize("reason", ["", "no", "1"])
def test_an_explanation_needs_a_reason(audited, reason: str) -> None:
    code, said = audited(report(BAD), f"{{left: {{PYSEC-1: '{reason}'}}}}")
    assert code == 2
    assert "vulnerabilities.yaml: explained.left.PYSEC-1" in said


def test_an_explanation_of_nothing_is_to_be_removed(audited) -> None:
    code, said = audited(report(GOOD), "{left: {PYSEC-1: only in a server not run here}}")
    assert code == 2
    assert "vulnerabilities.yaml: left: PYSEC-1: not found any more; remove it" in said


def test_a_package_that_was_not_looked_up_is_not_taken_for_safe(audited) -> None:
    code, said = audited(report(GOOD, SKIPPED))
    assert code == 2
    assert "requirements.txt: none: could not be looked up" in said


@pytest.mark.parametrize(
    ("probed", "reason"),
    [
        (report(SKIPPED), "this index has no records of vulnerabilities"),
        (report(GOOD), "not even of jinja2==2.10"),
        ("Traceback\nConnectionError: no route", "could not ask: ConnectionError: no route"),
        ("", "could not ask: it said nothing"),
    ],
)
def test_where_nothing_can_be_looked_up_a_line_says_so(audited, probed, reason: str) -> None:
    code, said = audited(report(BAD), probed=probed)
    assert (code, said.count("\n")) == (0, 1)
    assert said.startswith("not audited: ")
    assert reason in said


def test_without_an_index_pip_audit_is_not_installed(tmp_path, monkeypatch, capsys) -> None:
    for name in (audit.TOOL, audit.EXPLAINED):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    command.run(audit.main)
    assert capsys.readouterr().out.startswith("not audited: installing pip-audit failed: ")


def test_the_file_of_explanations_is_valid() -> None:
    text = audit.read_yaml(ROOT / audit.EXPLAINED)
    audit.validated(audit.EXPLAINED, "", audit.Explanations, text)
