"""Response headers that every answer carries, whoever made it."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of our own pages: one style sheet of ours, no script at all."""

ISSUE_POLICY: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' https:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The public copy of a mail has its styles in the text, as mail clients need them.

Nothing stricter holds: a mail has some hundred different `style` attributes, and to name each by
its hash makes a header of 4 to 7 kB, more than proxies take. Styles run nothing and load nothing.
"""

FILE_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
)
"""An image opened by itself may run nothing."""

_ALWAYS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

PRIVATE: Final = ("/u/", "/confirm/", "/preferences/")
"""Where the addresses with tokens begin."""

_PRIVATE: Final = tuple(start.lstrip("/") for start in PRIVATE)
_READING: Final = ("GET", "HEAD")

_ONE_YEAR: Final = 31_536_000


def is_private(path: str) -> bool:
    """Tell whether a path may hold a token, also a mistyped one."""
    return path.lower().lstrip("/").startswith(_PRIVATE)


def protect(headers: MutableHeaders, method: str, path: str, *, https: bool) -> None:
    """Add the headers that an answer does not set itself; on token pages some are not its choice.

    Token pages: no Referer, no copy in any cache, no search engine (project rule T05). What a form
    answers is kept in no cache either.
    """
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if is_private(path) or method not in _READING:
        headers["Cache-Control"] = "no-store"
    if is_private(path):
        headers["X-Robots-Tag"] = "noindex, nofollow"
    if https:
        headers["Strict-Transport-Security"] = f"max-age={_ONE_YEAR}"


class Guard:
    """The middleware that protects every HTTP answer."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                protect(headers, scope["method"], scope["path"], https=self._https)
            await send(message)

        await self._app(scope, receive, complete)
