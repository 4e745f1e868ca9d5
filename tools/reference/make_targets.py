"""The reference of `make`: its targets, as the Makefile describes them."""

import re
from pathlib import Path

from tools.reference.markdown import table, text

MAKEFILE = Path("Makefile")
_TARGET = re.compile(r"^([a-z-]+):.*## (.+)$", re.MULTILINE)


def targets() -> dict[str, str]:
    """Return what each target does, by name."""
    return dict(_TARGET.findall(MAKEFILE.read_text(encoding="utf-8")))


def page() -> str:
    """Return the page."""
    rows = [(f"`make {name}`", text(purpose)) for name, purpose in targets().items()]
    return (
        "# make\n\nRun in the repository. Each target makes the environment it needs first. What "
        "stands in parentheses is given after the target: `make repro BUDGET=paper`.\n\n"
        + table(("target", "what it does"), rows)
    )
