"""Who may ask: the page that this server gave, opened on this machine, and nobody else.

Any web page can make a browser send requests to 127.0.0.1, and a name that is bound anew to that
address lets it read the answers. What is shown here, the register's people among it, is for whoever
was given the address with its secret.
"""

import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: files of ours, nothing within the text, nothing outside."""
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
"""Of the frame that shows a mail: its own styles, our images, no script at all."""
_ALWAYS: Final = {
    "Content-Security-Policy": PAGE_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
_FROM_HERE: Final = ("", "none", "same-origin")


class Guard:
    """The middleware that refuses strangers and protects every answer."""

    def __init__(self, app: ASGIApp, *, port: int, secret: str) -> None:
        self._app: Final = app
        self._hosts: Final = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._secret: Final = secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; complete the headers of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal := self._refusal(Headers(scope=scope)):
            await PlainTextResponse(f"{refusal}\n", 403)(scope, receive, complete)
        elif not self._knows(scope["path"]):
            text = "Open the address that newsletter preview has printed.\n"
            await PlainTextResponse(text, 404)(scope, receive, complete)
        else:
            await self._app(scope, receive, complete)

    def _refusal(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return "This is for 127.0.0.1 only."
        if origin is not None and origin != f"http://{host}":
            return "Other pages get nothing here."
        if headers.get("sec-fetch-site", "") not in _FROM_HERE:
            return "Other pages get nothing here."
        return ""

    def _knows(self, path: str) -> bool:
        given = path.split("/")[1]
        return secrets.compare_digest(given.encode(), self._secret.encode())
