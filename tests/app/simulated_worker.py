"""A worker that computes nothing: what it is asked for by the name of a cell, it plays.

quick: is done, and tells what it was asked, and its own number. slow: works until it is stopped.
deaf: is never done, and does not hear that it should stop. dies: ends. Each is told to a file.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from heatproof.app import messages


def tell(header: dict, content: bytes = b"") -> None:
    sys.stdout.buffer.write(messages.packed(header, content))
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    with Path("worker.log").open("a") as file:
        file.write(f"{text}\n")


tell({"event": "ready"})
while message := messages.read(sys.stdin.buffer):
    request, content = message
    note(f"{request['do']} {request.get('cell', '')}".strip())
    if request["do"] == "stop":
        tell({"event": "stopped"})
        continue
    tell({"event": "opening"})
    if request["cell"] == "quick":
        asked = request | {"bytes": len(content), "process": os.getpid()}
        tell({"event": "done", "file": "page.html"}, json.dumps(asked).encode())
    elif request["cell"] == "deaf":
        time.sleep(600)
    elif request["cell"] == "dies":
        os._exit(3)
