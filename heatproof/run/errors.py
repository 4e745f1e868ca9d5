"""What a user can correct: one sentence, never a traceback."""

import re
import reprlib
from collections.abc import Iterable
from typing import Any

_LONGEST_KEY = 100
_LONGEST_VALUE = 200
_SHORT_NAME = 5
_LONGEST_NAME = 100  # nobody meant another by what is longer; comparing takes its time squared


class UserError(Exception):
    """A mistake in the input, the configuration or the surroundings.

    The message says what was wrong, where (file, key, value), what was expected and what to do.
    `ending.run` prints it on one line of stderr and ends the process with `exit_code`.
    """

    exit_code = 2


def escaped(text: str) -> str:
    """Return `text` on one line: what cannot be shown, as a terminal's commands, is escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def masked(text: str) -> str:
    """Return `text` without the credentials of addresses in it, and of their queries."""
    text = re.sub(r"://\S*@", "://***@", text)
    return re.sub(r"([?&;][\w.\-]+=)[^&;\s'\")]+", r"\1***", text)


def shown_key(key: str) -> str:
    """Return a key for a message: on one line, and not longer than one can read."""
    return _cut(key, _LONGEST_KEY)


def shown_value(value: Any) -> str:
    """Return a value for a message as Python writes it; of a long or deep one, the beginning."""
    return _cut(_SHORT.repr(value), _LONGEST_VALUE)


def _cut(text: str, longest: int) -> str:
    text = escaped(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def nearest(name: object, known: list[str]) -> str:
    """Return "; did you mean 'x'?" for the known name closest to `name`, or an empty string."""
    from difflib import get_close_matches

    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    # Short words are alike by chance: `wasp` is no `ants`.
    cutoff = 0.66 if len(name) < _SHORT_NAME else 0.55
    close = get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"; did you mean '{close[0]}'?" if close else ""


def require_known(what: str, name: object, known: Iterable[str], more: str = "") -> None:
    """Refuse a name that is not one of those known.

    Args:
        what: what is wrong with such a name, and where it stands.
        name: as the user wrote it.
        known: those that there are.
        more: what to say after them.

    Raises:
        UserError: it is unknown.
    """
    names = list(known)
    if name not in names:
        raise UserError(f"{what}{nearest(name, names)}; known: {', '.join(names)}{more}")


class _Short(reprlib.Repr):
    def repr_int(self, value: int, level: int) -> str:
        try:
            return super().repr_int(value, level)
        except ValueError:  # Python refuses to write thousands of digits
            return f"<a number of {value.bit_length():,} bits>"


_SHORT = _Short()
_SHORT.maxlevel = 4
_SHORT.maxstring = _SHORT.maxother = 120
_SHORT.maxlong = 60
