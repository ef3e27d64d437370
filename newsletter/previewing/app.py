"""The addresses of the preview, all below its secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

from newsletter.errors import FindingsError, NewsletterError
from newsletter.previewing import views
from newsletter.previewing.guard import MAIL_POLICY, Guard
from newsletter.previewing.live import Live
from newsletter.previewing.looking import Choice

_BLANK: Final = "<!doctype html><html><head><title>…</title></head><body></body></html>"
_TYPES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "ics": "text/calendar",
}
_NO_CHOICE: Final = 404


def create_app(live: Live, *, port: int, secret: str) -> Starlette:
    """Build the app that listens on `port` and whose addresses begin with `secret`."""
    pages = _Pages(live)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        live.start()
        yield
        await live.stop()

    routes = [
        Route("/", pages.issues),
        Route("/-/assets/{name}", pages.asset),
        Route("/-/media/{name}", pages.image),
        Route("/-/people", pages.people),
        Route("/-/blank", pages.blank),
        Route("/{issue}", pages.issue),
        Route("/{issue}/live", pages.live),
        Route("/{issue}/part/{kind}", pages.part),
    ]
    return Starlette(
        routes=[Mount(f"/{secret}", routes=routes)],
        middleware=[Middleware(Guard, port=port, secret=secret)],
        lifespan=lifespan,
    )


class _Pages:
    def __init__(self, live: Live) -> None:
        self._live: Final = live
        self._table: Final = live.table

    async def issues(self, _request: Request) -> Response:
        """List the issues."""
        return HTMLResponse(views.issues(self._table, self._live.root))

    async def issue(self, request: Request) -> Response:
        """Give the page that shows an issue."""
        if (name := request.path_params["issue"]) not in self._table.issues:
            return RedirectResponse(f"{self._live.root}/", 303)
        return HTMLResponse(views.page(self._table, self._live.root, name))

    async def live(self, request: Request) -> Response:
        """Stream what changes."""
        if (choice := self._choice(request)) is None:
            return PlainTextResponse("no such issue\n", _NO_CHOICE)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(
            self._live.stream(choice), media_type="text/event-stream", headers=headers
        )

    async def part(self, request: Request) -> Response:
        """Give another part of a mail; while the files give none, of the last one."""
        choice, kind = self._choice(request), request.path_params["kind"]
        if choice is None or kind not in views.PARTS:
            return PlainTextResponse("no such part\n", _NO_CHOICE)
        try:
            text = await self._live.look(
                lambda: views.part(self._table.last(choice), kind, self._live.root)
            )
        except NewsletterError as error:
            found = error.findings if isinstance(error, FindingsError) else ()
            return PlainTextResponse("\n".join([error.message, *map(str, found)]), 409)
        return PlainTextResponse(text)

    async def people(self, request: Request) -> Response:
        """List people of the register whose name or address has a part in it."""
        text = request.query_params.get("text", "")
        try:
            found = await self._live.look(lambda: views.people(self._table, text))
        except NewsletterError as error:
            return PlainTextResponse(error.message, 409)
        return HTMLResponse(found)

    async def asset(self, request: Request) -> Response:
        """Give a style sheet, the script or the icon of the page."""
        found = views.asset(self._table, request.path_params["name"])
        if found is None:
            return PlainTextResponse("no such file\n", _NO_CHOICE)
        content, kind = found
        return Response(content, media_type=kind)

    async def image(self, request: Request) -> Response:
        """Give an image of a mail."""
        name = request.path_params["name"]
        content = self._table.image(name)
        if content is None:
            return PlainTextResponse("no such image\n", _NO_CHOICE)
        # Its name is made of its content.
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        kind = _TYPES.get(Path(name).suffix[1:], "application/octet-stream")
        return Response(content, headers=headers, media_type=kind)

    async def blank(self, _request: Request) -> Response:
        """Give the empty page into which a mail is written: its policy is that of the mail."""
        return HTMLResponse(_BLANK, headers={"Content-Security-Policy": MAIL_POLICY})

    def _choice(self, request: Request) -> Choice | None:
        asked, issue = request.query_params, request.path_params["issue"]
        if issue not in self._table.issues:
            return None
        return Choice(
            issue=issue,
            language=asked.get("language", ""),
            reader=asked.get("reader", ""),
            address=asked.get("address", ""),
            arm=asked.get("arm", ""),
        )
