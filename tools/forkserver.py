"""A process that has TensorFlow and MLflow loaded, of which stages are copies.

`offered` is what `make repro` runs its stages in. The process starts when the first stage asks for
it, so that with nothing to do nothing is loaded, and then makes a copy of itself (`fork`) for each
stage: the copy takes the stage's folder, arguments, environment and streams, runs the module as
`python -m` would, and ends. What a stage computes, reads and writes is as before, and so is what
DVC knows of it; only the seconds before it are saved. Code of the project is not loaded here: each
copy reads it as it stands.

The other side is heatproof/run/forkserver.py.
"""

import atexit
import ctypes
import gc
import importlib
import io
import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# What stages of all kinds load. SHAP and LIME are left to those that explain by them.
LIBRARIES = (
    "tensorflow", "keras", "h5py", "pydantic", "ruamel.yaml", "scipy.ndimage",
    "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", "matplotlib.figure",
)  # fmt: skip
_PR_SET_PDEATHSIG = 1
_REQUEST_SECONDS = 10.0
LENGTH = 10  # as heatproof/run/forkserver.py has it


@contextmanager
def offered(libraries: Sequence[str] = LIBRARIES) -> Iterator[None]:
    """Within, stages that need TensorFlow are copies of one process, where that is possible.

    Not where there is a GPU, whose driver a copy cannot use, and only on Linux, where libraries
    can be relied on to work in a copy.
    """
    from heatproof.run.forkserver import OFFER

    if OFFER in os.environ or not possible():
        yield
        return
    name = f"study-{secrets.token_hex(16)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as requests:
        requests.bind(f"\0{name}")
        requests.listen()
        # Its other end is closed when this process ends, however it does.
        ended, alive = os.pipe()
        starter = threading.Thread(target=_start_when_asked, args=(requests, ended, libraries))
        starter.start()
        os.environ[OFFER] = name
        try:
            yield
        finally:
            del os.environ[OFFER]
            os.close(alive)
            starter.join()
            os.close(ended)


def possible() -> bool:
    """Whether copies can be relied on here: on Linux, without an NVIDIA GPU's driver."""
    return sys.platform == "linux" and not Path("/dev/nvidiactl").exists()


def _start_when_asked(requests: socket.socket, ended: int, libraries: Sequence[str]) -> None:
    """Wait for the first stage, or the end; start the process, and wait until it has ended."""
    from heatproof.run.tracking_store import SETTINGS

    asked, _, _ = select.select([requests, ended], [], [])
    if requests not in asked:
        return
    descriptors = requests.fileno(), ended
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        done = subprocess.run(
            [sys.executable, "-m", "tools.forkserver", *map(str, descriptors), *libraries],
            cwd=ROOT, pass_fds=descriptors, stdin=subprocess.DEVNULL, stderr=said, check=False,
            # MLflow and TensorFlow look at these when they are loaded.
            env=SETTINGS | os.environ | {"TF_ENABLE_ONEDNN_OPTS": "1"},
            # Ctrl-C is for the stages, which are told of it by those that stand for them.
            process_group=0,
        )  # fmt: skip
        if done.returncode:
            said.seek(0)
            print(
                f"warning: the process that is copied for stages ended with {done.returncode}; "
                f"each loads its libraries itself now:\n{said.read()}",
                file=sys.stderr,
            )
    # Who is waiting for it still, or asks it later, shall run by itself.
    requests.setblocking(False)
    with suppress(OSError):
        while True:
            requests.accept()[0].close()
    with suppress(OSError):
        requests.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Load the libraries, then make copies until the process that offered them ends."""
    requests, ended = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    leave = _Leave()
    atexit.register(leave)  # before any library, hence called after all of theirs
    gc.disable()  # what is loaded is no garbage, and looking for it takes a third of the time
    for name in sys.argv[3:]:
        importlib.import_module(name)
    gc.freeze()  # a copy need not touch it either
    job = _serve(requests, ended)
    if job is not None:
        gc.enable()
        _become(*job)
        leave.at_once = True


class _Leave:
    """Ends a copy whose work is done, when all that libraries do at the end is done as well.

    Python would clear away all that is loaded, object by object, which takes half a second.
    """

    at_once = False

    def __call__(self) -> None:
        if self.at_once:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)


def _serve(requests: socket.socket, ended: int) -> tuple[dict[str, Any], list[int]] | None:
    """Make a copy for each request. Returns the request in a copy, None at the end."""
    copies: dict[int, tuple[int, socket.socket]] = {}  # by pidfd: the process, and who asked
    while True:
        asked_by = {client.fileno(): pidfd for pidfd, (_, client) in copies.items()}
        ready, _, _ = select.select([requests, ended, *copies, *asked_by], [], [])
        if ended in ready:
            return None  # the copies end with their parent
        for pidfd in [*copies]:
            process, client = copies[pidfd]
            # Who asked has nothing more to say: it has ended, by `kill -9` or with all of DVC.
            if client.fileno() in ready and pidfd not in ready:
                os.kill(process, signal.SIGKILL)
            elif pidfd not in ready:
                continue
            _, status = os.waitpid(process, 0)
            _answer(client, os.waitstatus_to_exitcode(status))
            client.close()
            os.close(pidfd)
            del copies[pidfd]
        if requests not in ready:
            continue
        client, _ = requests.accept()
        try:
            request, streams = _received(client)
        except (OSError, ValueError):
            client.close()
            continue
        process = os.fork()
        if not process:
            for each in (requests, client, *(other for _, other in copies.values())):
                each.close()
            return request, streams
        for stream in streams:
            os.close(stream)
        copies[os.pidfd_open(process)] = process, client
        _answer(client, process)


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, even while it is stopped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(client: socket.socket, number: int) -> None:
    with suppress(OSError):  # it may have ended
        client.sendall(f"{number}\n".encode())


def _received(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return a request and the streams that came with it.

    Raises:
        OSError: it does not come, or comes from another user.
        ValueError: it is none.
    """
    from_whom = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    if struct.unpack("3i", from_whom)[1] != os.getuid():
        raise PermissionError("a request of another user")
    client.settimeout(_REQUEST_SECONDS)
    length, streams, _, _ = socket.recv_fds(client, LENGTH, 3)
    content = b""
    while len(content) < int(length):
        part = client.recv(int(length) - len(content))
        if not part:
            raise ConnectionError("half a request")
        content += part
    client.settimeout(None)
    return json.loads(content), streams


def _become(request: dict[str, Any], streams: Sequence[int]) -> None:
    """Be the program that was asked for; return when it has come to its end."""
    end_with_parent()  # nobody could say then how this one did
    # Signals come from who stands for it, and from nobody else. It may write to a terminal all the
    # same, whose foreground it is not in.
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    # DVC ignores it while a stage runs, and this was started by the first one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(line_buffering=stream.isatty() or stream is sys.stderr)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"] | {"TF_ENABLE_ONEDNN_OPTS": "1"})
    time.tzset()
    tempfile.tempdir = None
    sys.path[0] = request["folder"]
    sys.argv[1:] = request["arguments"]
    from heatproof.run import command

    command.run(lambda: importlib.import_module(request["module"]).main())


if __name__ == "__main__":
    main()
