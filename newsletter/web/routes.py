"""Every address that the web app answers, in one table."""

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

from newsletter.web import files, health, home, issues, unsubscribe

Endpoint = Callable[..., object]

TABLE: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/", home.show),
    ("GET", "/u/{token}", unsubscribe.show),
    ("POST", "/u/{token}", unsubscribe.leave),
    ("GET", "/u/{token}/undo", unsubscribe.show),
    ("POST", "/u/{token}/undo", unsubscribe.restore),
    ("GET", "/issues/{name}/{language}", issues.show),
    ("GET", "/issues/{name}/{language}/{variant}", issues.show),
    ("GET", "/media/{name}", files.media),
    ("GET", "/assets/{name}", files.asset),
    ("GET", "/favicon.ico", files.icon),
    ("GET", "/healthz", health.show),
)


def add(app: FastAPI) -> None:
    """Give the app its routes; what answers GET answers HEAD."""
    for method, path, endpoint in TABLE:
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        app.add_api_route(
            path, endpoint, methods=methods, response_class=Response, include_in_schema=False
        )
