"""dvc.lock written a stage at a time, for a DVC that runs in this process.

After each stage DVC parses all of dvc.lock and writes it again, in place, in pure Python: 3 s with
the study's 156 stages, in which a kill leaves half a file. Within `written_by_entry` only the entry
of the stage that ran is written, by DVC's own serialiser, between the lines of the others; the file
is replaced in one step, and its bytes are those that DVC would have written. A file that does not
look as DVC writes it is left to DVC.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heatproof.storage import atomic, lock_entries


def with_entry(text: str, name: str, entry: dict[str, Any]) -> str | None:
    """Return the text of a dvc.lock with a stage's entry; None if it is not as DVC writes it."""
    from dvc.utils.serialize import dumps_yaml

    if not lock_entries.is_plain(text) or not lock_entries.can_name(name):
        return None
    # Without aliases, as params.yaml may have: their names, unique in an entry, would stand twice.
    plain = json.loads(json.dumps(entry))
    lines = dumps_yaml({"stages": {name: plain}}).partition("\n")[2]
    return lock_entries.with_lines(text, name, lines)


@contextmanager
def written_by_entry() -> Iterator[None]:
    """Within, DVC in this process writes of dvc.lock only the entries that it changes."""
    from dvc.dvcfile import Lockfile, serialize

    whole = Lockfile.dump_stages

    def dump_stages(self: Any, stages: list[Any], **options: Any) -> None:
        path = Path(self.path)
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        text: str | None = before
        for stage in stages:
            for name, entry in serialize.to_lockfile(stage, **options).items():
                text = with_entry(text, name, entry) if text else None
        if text is None:
            whole(self, stages, **options)
        elif text != before:
            logging.getLogger("dvc").info("Updating lock file '%s'", self.relpath)
            atomic.write_text(path, text)
            self.repo.scm_context.track_file(self.relpath)

    Lockfile.dump_stages = dump_stages
    try:
        yield
    finally:
        Lockfile.dump_stages = whole
