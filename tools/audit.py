"""Look the pinned requirements up among known vulnerabilities. `make audit`

pip-audit does the looking up, from an environment of its own. Where the package index or its
records of vulnerabilities cannot be reached, a line says that nothing was audited, and that is no
failure. What is found has to be mended, or explained in `vulnerabilities.yaml`.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("tools.audit")

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from heatproof.config.schema import Block
from heatproof.config.validation import validated
from heatproof.run.errors import UserError, printable
from heatproof.storage.formats import read_yaml

REQUIREMENTS = Path("requirements.txt")
EXPLAINED = Path("vulnerabilities.yaml")
TOOL = Path("requirements-audit.txt")
ENVIRONMENT = Path(".venv-audit")
# Known since 2019 to be vulnerable: records that do not say so say nothing of the others either.
PROBE = "jinja2==2.10"
LONGEST_REASON = 200

Reason = Annotated[str, Field(min_length=10)]


class NotAudited(Exception):
    """The records of vulnerabilities cannot be asked; the message says why."""


class Explanations(Block):
    """package -> id of a vulnerability -> why it does not concern this project."""

    explained: dict[str, dict[str, Reason]]


@dataclass(frozen=True)
class Finding:
    """A known vulnerability of a pinned release. `names`: its id and its other ids."""

    package: str
    version: str
    names: tuple[str, ...]
    mended_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.mended_in)}" if self.mended_in else "not mended yet"
        return f"{self.package} {self.version}: {' = '.join(self.names)}, {mended}"


def findings(report: dict[str, Any]) -> list[Finding]:
    """Return what pip-audit's JSON report says was found."""
    return [
        Finding(
            package["name"],
            package["version"],
            (found["id"], *found.get("aliases", ())),
            tuple(found.get("fix_versions", ())),
        )
        for package in report["dependencies"]
        for found in package.get("vulns", ())
    ]


def not_looked_up(report: dict[str, Any]) -> list[str]:
    """Return the packages that the records do not have, which says nothing of their safety."""
    return [p["name"] for p in report["dependencies"] if "skip_reason" in p]


def judged(
    found: Sequence[Finding], explained: dict[str, dict[str, str]]
) -> tuple[list[Finding], list[str]]:
    """Return the findings that nobody explained, and the explanations of nothing that was found."""
    unexplained = [f for f in found if not explained.get(f.package, {}).keys() & set(f.names)]
    needed = {(f.package, name) for f in found for name in f.names}
    idle = [
        f"{package}: {name}"
        for package, reasons in explained.items()
        for name in reasons
        if (package, name) not in needed
    ]
    return unexplained, idle


def installed(environment: Path) -> list[str]:
    """Return the command of pip-audit, installed if need be.

    Raises:
        NotAudited: it cannot be installed.
    """
    python = environment / "bin" / "python"
    stamp = environment / ".installed"
    if not stamp.exists() or stamp.read_bytes() != TOOL.read_bytes():
        _run([sys.executable, "-m", "venv", str(environment)], "an environment for pip-audit")
        words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(TOOL)]
        _run([str(python), *words], "installing pip-audit")
        stamp.write_bytes(TOOL.read_bytes())
    return [str(python), "-m", "pip_audit"]


def asked(tool: Sequence[str], requirements: Path) -> dict[str, Any]:
    """Return pip-audit's report on pinned requirements.

    Raises:
        NotAudited: there is no report: the records cannot be reached.
    """
    words = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--desc", "off"]
    done = subprocess.run(
        [*tool, *words, "--aliases", "on", "--format", "json", "-r", str(requirements)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise NotAudited(f"pip-audit could not ask: {_last_line(done.stderr)}") from None
    return report


def audit(tool: Sequence[str]) -> tuple[list[Finding], list[str]]:
    """Return what is found in the pinned requirements, and what could not be looked up.

    Raises:
        NotAudited: the records cannot be asked, or do not know what everybody knows.
    """
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.txt"
        probe.write_text(f"{PROBE}\n", encoding="utf-8")
        if not findings(asked(tool, probe)):
            raise NotAudited(f"this index has no records of vulnerabilities, not even of {PROBE}")
    report = asked(tool, REQUIREMENTS)
    return findings(report), not_looked_up(report)


def main() -> None:
    """Audit, say what came of it, and exit with 1 if something is found and not explained."""
    explained = validated(EXPLAINED, "", Explanations, read_yaml(EXPLAINED)).explained
    try:
        found, unknown = audit(installed(ENVIRONMENT))
    except NotAudited as reason:
        print(f"not audited: {reason}; run `make audit` where the package index is reachable")
        return
    unexplained, idle = judged(found, explained)
    mistakes = [f"{REQUIREMENTS}: {one}" for one in unexplained]
    mistakes += [f"{REQUIREMENTS}: {name}: could not be looked up" for name in unknown]
    mistakes += [f"{EXPLAINED}: {entry}: not found any more; remove it" for entry in idle]
    if mistakes:
        raise UserError(
            "\n       ".join(mistakes)
            + f"\n       raise the version in requirements.in, or explain it in {EXPLAINED}"
        )
    print(f"audited: {REQUIREMENTS}, {len(found)} known vulnerabilities, all of them explained")


def _run(words: list[str], purpose: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotAudited(f"{purpose} failed: {_last_line(done.stderr or done.stdout)}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return printable(lines[-1])[:LONGEST_REASON] if lines else "it said nothing"
