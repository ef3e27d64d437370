"""Error pages: in the reader's language, in the look of the house, with nothing to learn from."""

import logging
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from jinja2 import TemplateError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Match

from newsletter.errors import StoreError
from newsletter.i18n import translate
from newsletter.web import guard, origins
from newsletter.web.site import Site

_log = logging.getLogger(__name__)

_ORDER: Final = ("GET", "HEAD", "OPTIONS", "POST")

_UNCHANGED: Final = "Nothing was changed. Go back and try again."
_NOT_FOUND: Final = (
    "The address may be incomplete or out of date. If it came with a letter, open the link in the "
    "letter again, or copy all of it."
)
_OWN_FORMS: Final = (
    "Forms are taken only from this site's own pages, and as browsers send them. Go back to the "
    "form and send it from there."
)
_WORDS: Final = {
    403: ("This is not allowed", _OWN_FORMS),
    404: ("Page not found", _NOT_FOUND),
    405: ("This page cannot do that", _UNCHANGED),
    408: ("The request did not arrive", "The connection may be slow. Please try again."),
    413: ("The request is too large", _UNCHANGED),
    415: ("The request could not be read", _OWN_FORMS),
    422: (
        "Something is missing in the form",
        "Nothing was changed. Go back, look at what you filled in, and send it again.",
    ),
    429: (
        "Too many requests",
        "Forms came too often from your network, so we wait a while. Please try again in an hour.",
    ),
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
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreError, _store_failed)
    app.add_exception_handler(Exception, _broken)


def _page(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    shared: Site = request.app.state.site
    site = shared.answering(request)
    language = site.language_of(request)
    title, text = _WORDS.get(status, _OTHER)
    fixed = {"Cache-Control": "no-store", "Vary": "Accept-Language", **(headers or {})}
    if request.scope["path"].startswith("/api/"):
        # A script that may read answers must be able to read this one, whatever went wrong.
        fixed |= {"Vary": "Origin, Accept-Language", **origins.allowed(site, request)}
        return _problem(status, title, text, language, fixed)
    return site.page(
        "error",
        language,
        status=status,
        headers=fixed,
        title=title,
        text=text,
        status_code=status,
    )


def _problem(
    status: int, title: str, text: str, language: str, headers: dict[str, str]
) -> Response:
    """Tell a program what went wrong (RFC 9457)."""
    said = {
        "title": translate(title, language),
        "status": status,
        "detail": translate(text, language),
    }
    return JSONResponse(
        said,
        status,
        {"Content-Language": language, **headers},
        media_type="application/problem+json",
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:  # noqa: PLR2004 - an HTTP status
        return _page(request, error.status_code, dict(error.headers or {}))
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


async def _invalid(request: Request, _error: Exception) -> Response:
    # The framework's own answer repeats what was sent.
    return _page(request, 422)


async def _store_failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError)
    _log.error("%s (%s)", error.message, error.hint or "no hint")
    return _page(request, 503, {"Retry-After": "120"})


async def _broken(request: Request, _error: Exception) -> Response:
    # This answer is made outside of all middleware; the server logs the traceback.
    site: Site = request.app.state.site
    try:
        response = _page(request, 500)
    except TemplateError:
        # A template of the workspace is broken, and the page of errors may be made of it.
        _log.exception("the error page is broken")
        title, _ = _WORDS[500]
        response = PlainTextResponse(translate(title, site.language_of(request)) + ".\n", 500)
    guard.protect(response.headers, request.method, request.scope["path"], https=site.https)
    return response
