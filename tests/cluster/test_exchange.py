"""Results by single entries of dvc.lock: two clones of a small pipeline, and a remote between."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from heatproof.storage import lock_entries
from tests.scratch import ROOT, environment
from tools import exchange

PIPELINE = """\
stages:
  first:
    cmd: mkdir -p data/first && cp source.txt data/first/a.txt
    deps: [source.txt]
    outs: [data/first/a.txt]
  second:
    cmd:
      - mkdir -p metrics
      - cp data/first/a.txt data/second.txt
      - cp data/second.txt metrics/second.json
    deps: [data/first]
    outs: [data/second.txt]
    metrics:
      - metrics/second.json:
          cache: false
"""


def made(folder: Path, remote: Path) -> Path:
    """Make a pipeline in a folder, with a remote; nothing is run yet."""
    folder.mkdir()
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "source.txt").write_text('{"a": 1}')
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / ".gitignore").write_text("/data/\n")
    (folder / ".dvc" / "tmp").mkdir(parents=True)
    (folder / ".dvc" / "config").write_text(
        f"[core]\n    remote = far\n    analytics = false\n['remote \"far\"']\n    url = {remote}\n"
        f"[cache]\n    dir = {folder / '.dvc' / 'cache'}\n"
    )
    return folder


class Node:
    """`tools.node` in a clone, asked as a task does."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.node", str(theirs.fileno()), str(folder / "kept")],
            cwd=folder, env=environment(PYTHONPATH=str(ROOT)), pass_fds=[theirs.fileno()],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        theirs.close()
        self._answers = self._ours.makefile("r")

    def ask(self, stages: list[str], takes: list[str], entries: dict[str, str]) -> dict[str, Any]:
        request = {
            "stages": stages, "takes": takes, "entries": entries, "study": "s", "remote": True,
            "checkpoint_seconds": 60, "task": "t", "block": None,
        }  # fmt: skip
        self._ours.sendall(json.dumps(request).encode() + b"\n")
        try:
            return json.loads(self._answers.readline())
        except (ConnectionError, ValueError):
            pytest.fail(self.end())

    def end(self) -> str:
        self._answers.close()
        self._ours.close()
        return self.process.communicate(timeout=60)[0]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Path, Path, Path]]:
    remote = tmp_path / "far"
    remote.mkdir()
    yield made(tmp_path / "one", remote), made(tmp_path / "other", remote), remote


def test_two_nodes_and_a_head_exchange_results_by_the_remote(two: tuple[Path, Path, Path]) -> None:
    one, other, remote = two
    node = Node(one)
    first = node.ask(["first"], [], {})
    assert first["code"] == 0 and first["ran"] == ["first"], node.end()
    assert not (other / "data").exists()
    away = Node(other)
    second = away.ask(["second"], ["first"], first["entries"])
    assert second["code"] == 0 and second["ran"] == ["second"], away.end()
    assert bytes.fromhex(second["files"]["metrics/second.json"]) == b'{"a": 1}'
    # Again elsewhere, where nothing but the remote knows of it: nothing runs.
    shutil.rmtree(one / ".dvc" / "cache")
    restored = node.ask(["second"], ["first"], first["entries"])
    assert restored["ran"] == [] and restored["entries"] == second["entries"], node.end()
    # What was recorded, and is neither here nor in the cache, comes from the remote.
    head = made(one.parent / "head", remote)
    recorded = first["entries"] | second["entries"]
    (head / "dvc.lock").write_text(lock_entries.joined(recorded))
    (head / "metrics").mkdir()
    (head / "metrics" / "second.json").write_bytes(b'{"a": 1}')
    with chdir(head):
        assert exchange.Store(head, remote=True).stale(["first", "second"], recorded) == set()
        assert (head / "data" / "second.txt").read_text() == '{"a": 1}'
        (head / "source.txt").write_text('{"a": 2}')
        store = exchange.Store(head, remote=True)
        assert store.stale(["first", "second"], recorded) == {"first", "second"}
    # A lost remote is the node's fault, with its name; a mistake is the stage's.
    shutil.rmtree(remote)
    remote.write_text("no folder any more")
    lost = away.ask(["first"], [], {})
    assert "the DVC remote 'far'" in lost["fault"]
    (other / "source.txt").unlink()
    assert away.ask(["first"], [], {})["code"] != 0
    assert "Traceback" not in away.end() + node.end()


def test_an_entry_is_replaced_where_it_stands_and_all_are_joined_again() -> None:
    text = lock_entries.HEAD + "  a@x:\n    cmd: one\n  b:\n    cmd: two\n"
    assert lock_entries.is_plain(text) and not lock_entries.is_plain(text + "more: 1\n")
    found = lock_entries.entries(text)
    assert found == {"a@x": "  a@x:\n    cmd: one\n", "b": "  b:\n    cmd: two\n"}
    assert lock_entries.joined(found) == text
    changed = lock_entries.with_lines(text, "a@x", "  a@x:\n    cmd: three\n")
    assert changed == text.replace("one", "three")
    assert (
        lock_entries.with_lines(text, "c", "  c:\n    cmd: new\n") == text + "  c:\n    cmd: new\n"
    )
