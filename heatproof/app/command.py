"""Explain pictures of one's own on a page in the browser: `heatproof app`."""

from heatproof.run import command

if __name__ == "__main__":
    command.start("heatproof.app.command")

import argparse
import asyncio
import errno
import http.client
import math
import secrets
import socket
from contextlib import closing, suppress
from pathlib import Path

from heatproof.app.limits import Limits
from heatproof.app.server import App, Server
from heatproof.config import params
from heatproof.run import runtime, study_folder
from heatproof.run.errors import UserError

ADDRESS = "127.0.0.1"
PORT, LAST_PORT = 4328, 65535
TOKEN_BYTES = 16


def main() -> None:
    options = _parser().parse_args()
    if not 0 <= options.port <= LAST_PORT:
        raise UserError(f"--port {options.port}: expected a number from 0 to {LAST_PORT}")
    if not 0 < options.minutes < math.inf:
        raise UserError(f"--minutes {options.minutes:g}: expected a number above 0")
    study_folder.require(Path())
    params.load()  # a mistake in it is told here and not first on the page
    runtime.require_tensorflow("explaining")
    with closing(_listening(options.port)) as listening:
        port = listening.getsockname()[1]
        token = secrets.token_urlsafe(TOKEN_BYTES)
        app = App(token, port, Limits(seconds=60 * options.minutes))
        print(
            f"The app of the study {Path.cwd().name}, for this machine's browser; Ctrl-C ends it:\n"
            f"http://{ADDRESS}:{port}/{token}/",
            flush=True,
        )
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(app, listening))
        print("ended")


async def _serve(app: App, listening: socket.socket) -> None:
    try:
        await Server(app).serve([listening])
    finally:  # also where a closed terminal ended it, which the server does not hear
        await app.jobs.end()


def _listening(port: int) -> socket.socket:
    """Return a socket that listens on this machine alone. port: 0 for any that is free.

    Raises:
        UserError: the port is in use, or not allowed.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EACCES:
            raise UserError(f"--port {port}: not allowed here; take one from 1024 on") from None
        if error.errno != errno.EADDRINUSE:
            raise
        by = "by another `heatproof app`, whose link its terminal shows" if _is_app(port) else (
            "by another program"
        )  # fmt: skip
        raise UserError(f"port {port} is in use {by}; --port 0 takes one that is free") from None
    return listening


def _is_app(port: int) -> bool:
    """Whether what listens on a port answers as this program does."""
    with closing(http.client.HTTPConnection(ADDRESS, port, timeout=2)) as connection:
        try:
            connection.request("GET", "/")
            return b"heatproof app" in connection.getresponse().read(200)
        except (OSError, http.client.HTTPException):
            return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="heatproof app",
        description="Explain pictures of your own on a page in the browser, by the networks that "
        "are trained. The page is for this machine and whoever has its link; pictures stay here, "
        "and are not kept.",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help=f"the port to listen on, on 127.0.0.1 ({PORT}); 0 takes one that is free",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=20.0,
        help="how long one picture may be computed (20)",
    )
    return parser
