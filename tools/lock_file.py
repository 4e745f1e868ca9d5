"""dvc.lock written a stage at a time, for a DVC that runs in this process.

After each stage DVC reads all of dvc.lock and writes it anew, in place, in pure Python: two seconds
with the study's hundred and fifty stages, in which a kill leaves half a file. Within
`written_by_entry` it is given each stage's entry as lines: only that of the stage that ran is
parsed and written, by DVC's own writer, all others stay as they are, and the file is replaced in
one step. The bytes are those that DVC would have written.

Whatever does not look as DVC writes it is left to DVC.
"""

import os
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heatproof.storage import atomic

NAME = "dvc.lock"
_HEAD = "schema: '2.0'\nstages:\n"
_STAGE = re.compile(r"  (\w[\w@.+-]*):\n")
# The rest of a stage's entry.
_WITHIN = re.compile(r"(?:    .*\n|\n)*")


class Entries(MutableMapping[str, Any]):
    """What dvc.lock says of each stage, by name; an entry is parsed when it is asked for.

    It is written when it is set: what is done to a value afterwards has no effect.
    """

    def __init__(self, text: str) -> None:
        """Divide the text of a dvc.lock. Raises ValueError if it is not as DVC writes it."""
        self._lines: dict[str, str] = {}
        place = len(_HEAD)
        if not text.startswith(_HEAD):
            raise ValueError("another head")
        while place < len(text):
            found = _STAGE.match(text, place)
            if not found or found[1] in self._lines:
                raise ValueError(f"no stage at character {place}")
            within = _WITHIN.match(text, found.end())
            end = within.end() if within else found.end()
            self._lines[found[1]] = text[place:end]
            place = end

    def __getitem__(self, name: str) -> Any:
        from dvc.utils.serialize import parse_yaml

        return parse_yaml(self._lines[name], NAME)[name]

    def __setitem__(self, name: str, value: Any) -> None:
        from dvc.utils.serialize import dumps_yaml

        self._lines[name] = dumps_yaml({"stages": {name: value}}).partition("\n")[2]

    def __delitem__(self, name: str) -> None:
        del self._lines[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __str__(self) -> str:
        """The text of the dvc.lock that has them."""
        return _HEAD + "".join(self._lines.values())


@contextmanager
def written_by_entry() -> Iterator[None]:
    """Within, DVC in this process writes of a dvc.lock only the entries that it changes."""
    from dvc import dvcfile

    whole = dvcfile.modify_yaml

    @contextmanager
    def modify(path: str | os.PathLike[str], fs: Any = None) -> Iterator[Any]:
        entries = _entries(Path(path)) if fs is None or fs.protocol == "local" else None
        if entries is None:
            with whole(path, fs=fs) as content:
                yield content
            return
        content = {"schema": "2.0", "stages": entries}
        yield content
        if set(content) == {"schema", "stages"}:
            atomic.write_text(Path(path), str(entries))
        else:
            with whole(path, fs=fs) as other:
                other.update({**content, "stages": dict(entries)})

    dvcfile.modify_yaml = modify
    try:
        yield
    finally:
        dvcfile.modify_yaml = whole


def _entries(path: Path) -> Entries | None:
    if path.name != NAME:
        return None
    try:
        return Entries(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there yet, or not as DVC writes it
        return None
