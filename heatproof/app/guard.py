"""Who may ask: only the page that this server gave to who has its link.

The server listens on 127.0.0.1, where every page of the browser and every user of the machine can
reach it. Four checks keep them out:

- a token in every address, drawn anew at each start: other users of the machine do not know it,
  nor do other pages. It is in the path and not in a cookie, which browsers send along whoever asks,
  and which all ports of a host share;
- Host is 127.0.0.1 or localhost with this port: a name that an attacker's DNS server turns into
  127.0.0.1 is not;
- a POST has the page's own Origin;
- no page may frame this one, or load from it.
"""

import secrets
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # a page says the rest of it itself
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Passes on what may be asked, and answers everything else itself."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        """Stand before an app.

        app: what answers. token: the first part of every path. port: on which the server listens.
        """
        self._app, self._token = app, token
        self._hosts = {f"{host}:{port}" for host in HOSTS}
        if port == 80:  # browsers leave it out
            self._hosts |= set(HOSTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            return
        app = self._refusal(scope) or self._app
        await app(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """Return what answers a request that is not let in; None where it is."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return PlainTextResponse("Wrong host: use the link that the terminal shows.\n", 421)
        given = scope["path"].removeprefix("/").partition("/")[0]
        if not secrets.compare_digest(given.encode(), self._token.encode()):
            told = "Use the link that `heatproof app` shows in its terminal, all of it.\n"
            return PlainTextResponse(told, 404)
        own = [f"http://{hosts[0].lower()}"]
        if scope["method"] not in ("GET", "HEAD") and headers.getlist("origin") != own:
            return PlainTextResponse("Another page asks for this.\n", 403)
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return answer
