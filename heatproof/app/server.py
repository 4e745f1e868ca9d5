"""What the app answers: its page, what a network offers, pictures explained, the study's report."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from heatproof import api
from heatproof.app.connections import Connection
from heatproof.app.guard import Guard
from heatproof.app.jobs import Answer, Jobs
from heatproof.app.limits import MEGABYTE, Limits
from heatproof.app.turns import Busy
from heatproof.app.uploads import Unacceptable, Uploads
from heatproof.config import params
from heatproof.datasets import photos
from heatproof.report.pages import app_page
from heatproof.run.errors import UserError, require_known, shown_value
from heatproof.statistics import numbers

REPORT = Path("reports")
PLAYGROUND = "playground.html"
# Of the report's files; what has another ending is not given.
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".csv": "text/csv; charset=utf-8",
}
LONGEST_NAME = 200  # letters of a picture's name
CONNECTIONS = 32  # at once; a browser has six


class App:
    """The app of the study in the current folder."""

    def __init__(self, token: str, port: int, limits: Limits) -> None:
        """Start nothing yet.

        token, port: as `Guard` has them. limits: of what is taken on.
        """
        self._token, self._port, self._limits = token, port, limits
        self.jobs, self._uploads = Jobs(limits), Uploads(limits)

    def answers(self) -> ASGIApp:
        """Return what answers requests, as ASGI has it."""
        routes = [
            Route("/", self._page),
            Route("/describe", self._describe, methods=["POST"]),
            Route("/explain", self._explain, methods=["POST"]),
            Route("/report/{name:path}", self._report),
        ]
        within = Starlette(routes=[Mount(f"/{self._token}", routes=routes)])
        return Guard(within, self._token, self._port)

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(await run_in_threadpool(_page, self._limits))

    async def _describe(self, request: Request) -> Response:
        """Answer with what the page needs to know of the network `cell` of the query."""
        wanted = {"do": "describe", "cell": request.query_params.get("cell", "")}
        return await self._answer(request, wanted, 0)

    async def _explain(self, request: Request) -> Response:
        """Answer with the page on the picture whose file is the request's body.

        What it is, its content says and no name or type. The query has `cell`, `methods`, and if
        they are chosen `class`, an index, and `fit`, `invert`, `levels`, `as_is`; `name` is what
        the page calls the picture.
        """
        given = request.query_params
        fit = given.get("fit") or None
        wanted: dict[str, Any] = {
            "do": "explain",
            "cell": given.get("cell", ""),
            "name": _plain(given.get("name", "")),
            "methods": [name for name in given.get("methods", "").split(",") if name],
            "target": None,
            "how": {"fit": fit} | {n: given.get(n) == "1" for n in ("invert", "levels", "as_is")},
        }
        try:
            if chosen := given.get("class"):
                wanted["target"] = _class_index(chosen)
            if fit:
                require_known(f"fit {fit}: unknown", fit, photos.FITS)
            if not wanted["methods"]:
                raise UserError("no method is chosen; choose at least one")
        except UserError as error:
            return _refused(422, str(error))
        return await self._answer(request, wanted, self._limits.upload)

    async def _answer(self, request: Request, wanted: dict[str, Any], upload: int) -> Response:
        """Begin what is wanted, of which `Answer` tells; or say at once why not."""
        try:
            content = await self._uploads.receive(request, upload)
            place = self.jobs.turns.place()
        except Unacceptable as error:
            return _refused(*error.args)
        except Busy:
            there = numbers.plural(self._limits.line, "request")
            told = f"busy: {there} are being computed or wait; try again in a minute"
            return _refused(503, told)
        return Answer(self.jobs, place, wanted, content)

    async def _report(self, request: Request) -> Response:
        """Give a file of the study's report, if it is one of those that there are."""
        path = _report_files().get(request.path_params["name"] or "index.html")
        if path is None:
            return PlainTextResponse("The report has no such page.\n", 404)
        return FileResponse(path, media_type=MEDIA_TYPES[path.suffix])


class Server(uvicorn.Server):
    """A server that ends all work before it waits for its connections to end."""

    def __init__(self, app: App) -> None:
        """Prepare to serve an app."""
        self._app = app
        super().__init__(
            uvicorn.Config(
                app.answers(),
                http=Connection,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_level="warning",
                access_log=False,  # its lines would have the token
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS,
                timeout_graceful_shutdown=2,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and load TensorFlow meanwhile."""
        await super().startup(sockets)
        self._warming = asyncio.create_task(self._app.jobs.worker.start())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all work, then all connections."""
        await self._app.jobs.end()
        await super().shutdown(sockets)


def _page(limits: Limits) -> str:
    """Render the app's page for the networks that are trained now."""
    report = _report_files()
    try:
        study = params.load()
        trained = {name: study.cells[name] for name in api.trained_cells()}
        first = next(iter(study.cells), "")
        problem, saved = "", first in study.saved
    except UserError as error:
        trained, first, problem, saved = {}, "", str(error), False
    links = {"index.html": "The study’s report", PLAYGROUND: "Playground: draw and erase"}
    return app_page.page(
        app_page.Offer(
            networks=trained,
            first=first,
            saved=saved,
            problem=problem,
            demo=api.DEMO.is_dir() and bool(api.trained_cells(api.DEMO)),
            links={f"report/{name}": text for name, text in links.items() if name in report},
            megabytes=limits.upload // MEGABYTE,
        )
    )


def _report_files() -> dict[str, Path]:
    """Return the report's files by the names that the browser asks for: only these are given."""
    return {
        path.relative_to(REPORT).as_posix(): path
        for path in REPORT.rglob("*")
        if path.suffix in MEDIA_TYPES and path.is_file()
    }


def _plain(name: str) -> str:
    """Return the last part of a file's name, which is shown, and is a path to nothing."""
    return name.replace("\\", "/").rpartition("/")[2][-LONGEST_NAME:] or "picture"


def _class_index(text: str) -> int:
    """Return the index of a class, not its name, which may be another class's index."""
    if not (text.isascii() and text.isdecimal() and len(text) < 9):
        raise UserError(f"class {shown_value(text)}: expected the index of a class")
    return int(text)


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)
