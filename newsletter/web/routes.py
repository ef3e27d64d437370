"""Every address that the web app answers, in one table."""

from collections.abc import Callable
from functools import cache
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import BaseRoute

from newsletter.web import (
    accessibility,
    api,
    confirm,
    feed,
    files,
    health,
    home,
    hooks,
    issues,
    preferences,
    privacy,
    sitemap,
    subscribe,
    unsubscribe,
)
from newsletter.web.described import describe

Endpoint = Callable[..., object]

TABLE: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/", home.show),
    ("GET", "/u/{token}", unsubscribe.show),
    ("POST", "/u/{token}", unsubscribe.leave),
    ("GET", "/u/{token}/undo", unsubscribe.show),
    ("POST", "/u/{token}/undo", unsubscribe.restore),
    ("GET", "/subscribe", subscribe.show),
    ("POST", "/subscribe", subscribe.receive),
    ("POST", "/api/subscriptions", api.receive),
    ("OPTIONS", "/api/subscriptions", api.preflight),
    ("GET", "/confirm/{token}", confirm.show),
    ("POST", "/confirm/{token}", confirm.press),
    ("GET", "/confirm/{token}/renew", confirm.show),
    ("POST", "/confirm/{token}/renew", confirm.renew),
    ("GET", "/preferences/{token}", preferences.show),
    ("POST", "/preferences/{token}", preferences.change),
    ("GET", "/privacy", privacy.show),
    ("GET", "/issues", issues.index),
    ("GET", "/issues/feed.{language}.atom", feed.show),
    ("GET", "/issues/{name}/{language}", issues.show),
    ("GET", "/issues/{name}/{language}/{variant}", issues.show),
    ("GET", "/media/{name}", files.media),
    ("GET", "/assets/{name}", files.asset),
    ("GET", "/favicon.ico", files.icon),
    ("GET", "/accessibility", accessibility.show),
    ("GET", "/sitemap.xml", sitemap.show),
    ("GET", "/robots.txt", sitemap.robots),
    ("POST", "/hooks/{provider}", hooks.receive),
    ("GET", "/hooks/{provider}", hooks.greet),
    ("GET", "/healthz", health.show),
)


def add(app: FastAPI) -> None:
    """Give the app its routes; what answers GET answers HEAD."""
    app.router.routes.extend(_routes())


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Take the endpoints to pieces once: they know no workspace, and it is most of the work."""
    router = APIRouter()
    for method, path, endpoint in TABLE:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            response_class=Response,
            name=f"{method} {path}",
            operation_id=f"{method} {path}",
            **describe(method, path),
        )
        if method == "GET":
            router.add_api_route(
                path, endpoint, methods=["HEAD"], response_class=Response, include_in_schema=False
            )
    return tuple(router.routes)
