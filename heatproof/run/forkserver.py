"""Stages as copies of a process that has TensorFlow loaded, under `make repro`.

TensorFlow takes seconds to load, a copy of a process that has it takes none, and the study has more
than a hundred stages that need it. Within `offered`, `python -m stages.train` asks for a copy to do
its work, and stands for it (`run_elsewhere`): what the copy prints comes where it would have
printed, and its exit code is the copy's. The process that is copied starts when the first stage
asks, so that nothing is loaded where there is nothing to do, and has no code of the project but
that of heatproof.run: a copy reads the rest as it stands.

A copy is in the process group of its stage, and so takes Ctrl-C, Ctrl-Z and a closed terminal as
the stage would. It is killed when the stage that asked for it ends, or all that offers it.
"""

import atexit
import ctypes
import gc
import importlib
import json
import multiprocessing
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
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from heatproof.run import interrupts, orphans, runtime, stage
from heatproof.run.ending import escape_unprintable, run

OFFER = "STUDY_LOADED"  # the name of an abstract Unix socket
ROOT = Path(__file__).resolve().parents[2]
# What stages of all kinds load.
LIBRARIES = (
    "tensorflow", "keras", "h5py", "pydantic", "ruamel.yaml", "scipy.ndimage",
    "matplotlib.figure",
)  # fmt: skip
INTERRUPTS = (signal.SIGINT, signal.SIGHUP)
_LENGTH = 10  # a request is this many bytes of its length, in decimal, then JSON
_REQUEST_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def run_elsewhere(module: str, arguments: Sequence[str]) -> int | None:
    """Have a copy run `main` of a module in this folder and environment, with these arguments.

    Returns:
        Its exit code, where a signal ended it as a shell has it; None if no copy could be had, so
        that nothing was done.
    """
    name = os.environ.get(OFFER)
    if not name or os.environ.get("KERAS_BACKEND", "") not in ("", "tensorflow"):
        return None
    request = {
        "module": module,
        "arguments": list(arguments),
        "folder": str(Path.cwd()),
        "environment": {name: value for name, value in os.environ.items() if name != OFFER},
        "group": os.getpgrp(),
        # A shell's background jobs ignore Ctrl-C, and what nohup starts a closed terminal.
        "ignored": [n for n in INTERRUPTS if signal.getsignal(n) is signal.SIG_IGN],
    }
    content = json.dumps(request).encode()
    begun = ""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as offer:
        answers = offer.makefile("r", encoding="ascii")
        with suppress(OSError):  # it may be gone
            offer.connect(f"\0{name}")
            socket.send_fds(offer, [b"%*d" % (_LENGTH, len(content))], [0, 1, 2])
            offer.sendall(content)
            begun = answers.readline()
        if not begun:  # or it could not load its libraries, or is of another session
            orphans.require_run()
            return None
        # The copy is told too, and decides what comes of it.
        for number in INTERRUPTS:
            signal.signal(number, signal.SIG_IGN)
        with answers, suppress(OSError, ValueError):
            code = int(answers.readline())
            if code >= 0:
                return code
            print(f"error: {module}: {_ended(int(begun), -code)}", file=sys.stderr)
            return 128 - code
    print(f"error: {module}: the process that it ran in was ended", file=sys.stderr)
    return 1


def _ended(process: int, number: int) -> str:
    """Return what to say of a copy that a signal ended."""
    by = signal.Signals(number).name
    if number == signal.SIGKILL:
        by += ", by hand or by the system, which ends what takes too much memory"
    return f"process {process}, in which it ran, was ended by {by}; completed work is saved"


@contextmanager
def offered() -> Iterator[None]:
    """Within, stages that need TensorFlow are copies of one process, where that is possible.

    Not where there is a GPU, whose driver a copy cannot use, and only on Linux, where libraries
    can be relied on to work in a copy.
    """
    if OFFER in os.environ or not possible():
        yield
        return
    name = f"study-{secrets.token_hex(16)}"
    requests = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    requests.bind(f"\0{name}")
    requests.listen()
    # Its other end is closed when this process ends, however it does.
    ended, alive = os.pipe()
    # A daemon, or a Ctrl-C right here would leave this process waiting for it for ever.
    starter = threading.Thread(target=_start_when_asked, args=(requests, ended), daemon=True)
    try:
        starter.start()
        os.environ[OFFER] = name
        yield
    finally:
        os.environ.pop(OFFER, None)
        os.close(alive)
        starter.join()
        os.close(ended)


def possible() -> bool:
    """Whether copies can be relied on here: on Linux, without an NVIDIA GPU's driver."""
    return sys.platform == "linux" and not runtime.NVIDIA.exists()


def _start_when_asked(requests: socket.socket, ended: int) -> None:
    """Wait for the first stage, or the end; start the process, and wait until it has ended."""
    # Closed at the end: who waits still, or asks later, runs by itself.
    with requests:
        asked, _, _ = select.select([requests, ended], [], [])
        if requests not in asked:
            return
        descriptors = requests.fileno(), ended
        done = subprocess.run(
            [sys.executable, "-m", "heatproof.run.forkserver", *map(str, descriptors), *LIBRARIES],
            cwd=ROOT, pass_fds=descriptors, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
    if done.returncode:
        print(
            f"warning: the process that is copied for stages ended with {done.returncode}; each "
            "loads its libraries itself now",
            file=sys.stderr,
        )


def main() -> None:
    """Load the libraries, then make copies until the process that offers them ends."""
    for number in INTERRUPTS:
        signal.signal(number, signal.SIG_IGN)
    escape_unprintable()
    own = _own_code()
    requests, ended = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    runtime.choose_kernels()
    gc.disable()  # what is loaded is no garbage, and looking for it takes a third of the time
    with runtime.suppress_native_stderr():
        for name in sys.argv[3:]:
            importlib.import_module(name)
    gc.freeze()  # a copy need not touch it either
    gc.enable()
    copies: dict[Any, tuple[BaseProcess, socket.socket]] = {}  # by sentinel
    context = multiprocessing.get_context("fork")
    while True:
        clients: dict[Any, int] = {client: sentinel for sentinel, (_, client) in copies.items()}
        ready: list[Any] = wait([requests, ended, *copies, *clients])
        if ended in ready:
            os._exit(0)  # the copies end with their parent
        for sentinel in {clients.get(each, each) for each in ready} & copies.keys():
            process, client = copies.pop(sentinel)
            if sentinel not in ready:  # who asked has ended, by `kill -9` or with all of DVC
                process.kill()
            process.join()
            with client, suppress(OSError):
                client.sendall(b"%d\n" % process.exitcode)
        if requests in ready:
            client, _ = requests.accept()
            try:
                if _own_code() != own:
                    raise ValueError("this process has other code than there is now")
                request, streams = _received(client)
            except (OSError, ValueError):
                client.close()
                continue
            process = context.Process(target=_become, args=(request, streams, client))
            process.start()
            for stream in streams:
                os.close(stream)
            copies[process.sentinel] = process, client


def _received(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return a request and the streams that came with it.

    Raises:
        OSError: it does not come, or comes from another user or session, in whose process groups
            no copy can be.
        ValueError: it is none.
    """
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    process, user, _ = struct.unpack("3i", credentials)
    if user != os.getuid() or os.getsid(process) != os.getsid(0):
        raise PermissionError("a request of another user, or of another terminal's session")
    client.settimeout(_REQUEST_SECONDS)
    length, streams, _, _ = socket.recv_fds(client, _LENGTH, 3)
    with client.makefile("rb") as file:
        content = file.read(int(length))
    client.settimeout(None)
    return json.loads(content), streams


def _own_code() -> dict[str, int]:
    """Return when each file of the project's that this process has loaded was changed."""
    files = [m.__file__ for n, m in sys.modules.items() if n.startswith("heatproof")]
    return {file: Path(file).stat().st_mtime_ns for file in files if file}


def _become(request: dict[str, Any], streams: Sequence[int], client: socket.socket) -> None:
    """Be the program that was asked for."""
    interrupts.keep()
    end_with_parent()  # nobody could say then how this one ended
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:  # it had ended before
        os._exit(1)
    os.setpgid(0, request["group"])
    if signal.SIGINT not in request["ignored"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.SIGHUP not in request["ignored"]:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        interrupts.hear_hangup()
    # From here on Ctrl-C reaches this process, so that the one that asked may ignore it.
    client.sendall(b"%d\n" % os.getpid())
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    # New ones: those of before remember what they wrote to, such as a file with a position.
    for name, number in (("stdout", 1), ("stderr", 2)):
        encoding = getattr(sys, name).encoding
        by_line = 1 if os.isatty(number) or name == "stderr" else -1
        setattr(sys, name, os.fdopen(number, "w", by_line, encoding=encoding, closefd=False))
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    sys.path[0] = request["folder"]
    sys.argv = [request["module"], *request["arguments"]]

    def program() -> None:
        stage.call(request["module"])
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        atexit._run_exitfuncs()
        sys.stdout.flush()

    try:
        run(program)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, even while it is stopped."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
