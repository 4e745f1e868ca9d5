"""dvc.lock as text, an entry for each stage: what of it is exchanged without parsing the rest."""

import re
from collections.abc import Mapping

HEAD = "schema: '2.0'\nstages:\n"
_NAME = r"\w[\w@.+-]*"
_LINES = r":\n(?:    .*\n|\n)*"
_ENTRY = re.compile(f"^  ({_NAME}){_LINES}", re.MULTILINE)
_WHOLE = re.compile(f"{re.escape(HEAD)}(?:  {_NAME}{_LINES})*")


def is_plain(text: str) -> bool:
    """Whether the text of a dvc.lock is as DVC writes it, so that it can be taken by entry."""
    return bool(_WHOLE.fullmatch(text))


def can_name(stage: str) -> bool:
    """Whether a stage's name stands in dvc.lock as it is, without quotation marks."""
    return bool(re.fullmatch(_NAME, stage))


def entries(text: str) -> dict[str, str]:
    """Return a plain dvc.lock's entries: stage -> its lines, the one with its name first."""
    return {match[1]: match[0] for match in _ENTRY.finditer(text)}


def joined(lines: Mapping[str, str]) -> str:
    """Return the text of a dvc.lock with these entries, in their order."""
    return HEAD + "".join(lines.values())


def with_lines(text: str, stage: str, lines: str) -> str:
    """Return a plain dvc.lock with a stage's entry in place of an earlier one, or at the end."""
    before = re.search(f"^  {re.escape(stage)}{_LINES}", text, re.MULTILINE)
    return text[: before.start()] + lines + text[before.end() :] if before else text + lines
