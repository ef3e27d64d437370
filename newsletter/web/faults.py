"""Error pages: in the reader's language, in the look of the house, with nothing to learn from."""

import logging
from typing import Final

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from newsletter.errors import StoreError
from newsletter.web import guard
from newsletter.web.site import Site

_log = logging.getLogger(__name__)

_ORDER: Final = ("GET", "HEAD", "OPTIONS", "POST")

_UNCHANGED: Final = "Nothing was changed. Go back and try again."
_NOT_FOUND: Final = (
    "The address may be incomplete or out of date. If it came with a letter, open the link in the "
    "letter again, or copy all of it."
)
_WORDS: Final = {
    404: ("Page not found", _NOT_FOUND),
    405: ("This page cannot do that", _UNCHANGED),
    413: ("The request is too large", _UNCHANGED),
    500: (
        "Something went wrong",
        "The fault is ours, and it has been recorded. Please try again in a while.",
    ),
    503: (
        "Closed for a moment",
        "Your request was not carried out. Please try again in a few minutes.",
    ),
}
_OTHER: Final = ("The request could not be read", _UNCHANGED)


def register(app: FastAPI) -> None:
    """Give the app its error pages."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(Exception, _broken)


def _page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    site: Site = request.app.state.site
    title, text = _WORDS.get(status, _OTHER)
    fixed = {"Cache-Control": "no-store", "Vary": "Accept-Language", **(headers or {})}
    return site.page(
        "error",
        site.language_of(request),
        status=status,
        headers=fixed,
        title=title,
        text=text,
        status_code=status,
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:  # noqa: PLR2004 - an HTTP status
        return _page(request, error.status_code)
    headers = {"Allow": ", ".join(_allowed(request))}
    return (
        Response(None, 204, headers)
        if request.method == "OPTIONS"
        else _page(request, 405, headers)
    )


def _allowed(request: Request) -> list[str]:
    """List the methods of the address over all its routes; the framework names the first's only."""
    methods = {"OPTIONS"}
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods
    return [method for method in _ORDER if method in methods]


async def _store_failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    _log.error("%s (%s)", error.message, error.hint or "no hint")
    return _page(request, 503, {"Retry-After": "120"})


async def _broken(request: Request, _error: Exception) -> Response:
    # This answer is made outside of all middleware; the server logs the traceback.
    site: Site = request.app.state.site
    response = _page(request, 500)
    guard.protect(response.headers, request.scope["path"], https=site.https)
    return response
