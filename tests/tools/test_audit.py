"""`make audit` with a pip-audit that answers as it is told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scratch import ROOT

# In the place of the environment's Python: knows the probe or not, then the requirements.
ANSWERS = """#!/bin/sh
echo "$@" >> asked.txt
case "$*" in *probe.txt*) exit {probe} ;; *) echo "found or not"; exit {requirements} ;; esac
"""


@pytest.mark.parametrize(
    ("probe", "requirements", "code", "said"),
    [
        (1, 0, 0, "found or not"),
        (1, 1, 1, "found or not"),
        (0, 0, 0, "NOTHING WAS AUDITED: this package index has no records"),
    ],
)
def test_what_is_found_fails_where_the_index_has_records(
    tmp_path: Path, probe: int, requirements: int, code: int, said: str
) -> None:
    python = tmp_path / ".venv-audit" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(ANSWERS.format(probe=probe, requirements=requirements))
    python.chmod(0o755)
    shutil.copy(ROOT / "requirements-audit.txt", tmp_path)
    shutil.copy(ROOT / "requirements-audit.txt", tmp_path / ".venv-audit" / ".installed")
    (tmp_path / "vulnerabilities.txt").write_text("# None is ours.\nCVE-1 # why\nPYSEC-2\n")
    for audit, expected in (("required", code if probe else 1), ("", code)):
        done = subprocess.run(
            ["sh", ROOT / "tools/audit.sh"], cwd=tmp_path, env=os.environ | {"AUDIT": audit},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == expected and said in done.stdout, done.stderr
    asked = (tmp_path / "asked.txt").read_text().splitlines()
    assert "--ignore-vuln" not in asked[0]
    if probe:
        assert asked[1].endswith("-r requirements.txt --ignore-vuln CVE-1 --ignore-vuln PYSEC-2")
