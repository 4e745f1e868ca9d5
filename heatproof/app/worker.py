"""The process that computes for the app: TensorFlow loaded once, networks kept open.

It reads requests from its standard input and writes what comes of them to its standard output
(`messages`). A request to stop is heeded between two batches of images, wherever a method is; the
process stays. It ends when the server does.
"""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.app.worker", uses="tensorflow")

import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from heatproof.app import messages
from heatproof.app.explaining import Stopped, answer
from heatproof.app.open_cells import OpenCells
from heatproof.run import ending, forkserver, memory
from heatproof.run.errors import UserError, masked


def main() -> None:
    forkserver.end_with_parent()
    # What libraries print must not be taken for a message.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[messages.Message] = queue.SimpleQueue()
    stopped: set[int] = set()  # numbers of requests that nobody waits for
    listening = threading.Thread(
        target=_listen, args=(sys.stdin.buffer, requests, stopped), daemon=True
    )
    listening.start()
    cells = OpenCells()

    def tell(header: dict[str, Any], content: bytes = b"") -> None:
        answers.write(messages.packed(header, content))
        answers.flush()

    tell({"event": "ready"})
    while True:
        request, content = requests.get()
        number = request["number"]
        _serve(cells, request, content, tell, lambda number=number: number in stopped)
        stopped.discard(number)


def _listen(
    stream: BinaryIO, requests: "queue.SimpleQueue[messages.Message]", stopped: set[int]
) -> None:
    while message := messages.read(stream):
        header, _ = message
        if header["do"] == "stop":
            stopped.add(header["number"])
        else:
            requests.put(message)
    os._exit(0)  # the server has ended; whatever is being computed is for nobody


def _serve(
    cells: OpenCells,
    request: dict[str, Any],
    content: bytes,
    tell: Callable[..., None],
    stopped: Callable[[], bool],
) -> None:
    """Do what is asked; the last message says how it ended: done, refused, stopped or failed."""
    try:
        answer(cells, request, content, tell, stopped)
    except Stopped:
        tell({"event": "stopped"})
    except UserError as error:
        tell({"event": "refused", "message": masked(str(error))})
    except Exception as error:
        if (asked := memory.asked_for(error)) is not None:
            more = f": {asked} more were asked for" if asked else ""
            told = f"out of memory{more}; choose fewer methods, or end other programs"
        elif (told := ending.refusal(error)) is None:
            traceback.print_exc()
            told = "this is a bug of Heatproof's; the terminal shows where"
        tell({"event": "failed", "message": told})
