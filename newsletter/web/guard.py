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
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""The public copy of a mail has its styles in the text, as mail clients need them."""

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

_ONE_YEAR: Final = 31_536_000


def is_private(path: str) -> bool:
    """Tell whether a path may hold a token, also a mistyped one."""
    return path.lower().startswith("/u/")


def protect(headers: MutableHeaders, path: str, *, https: bool) -> None:
    """Add the headers that an answer does not set itself; on token pages some are not its choice.

    Token pages: no Referer, no copy in any cache, no search engine (project rule T05).
    """
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if is_private(path):
        headers["Cache-Control"] = "no-store"
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
                protect(MutableHeaders(scope=message), scope["path"], https=self._https)
            await send(message)

        await self._app(scope, receive, complete)
