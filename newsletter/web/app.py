from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from newsletter.store import Store
from newsletter.web import faults, guard, routes
from newsletter.web.proxies import Proxies
from newsletter.web.site import Site, nobody
from newsletter.workspace import Workspace


def _now() -> datetime:
    return datetime.now(UTC)


def create_app(
    workspace: Workspace,
    store: Store,
    *,
    clock: Callable[[], datetime] = _now,
    wake: Callable[[], None] | None = None,
) -> FastAPI:
    """Build the web app of a workspace; raises InputError when its keys or templates are unusable.

    `wake` is called when a reply waits (`Site.wake`).

    The store stays the caller's to close, after the app has stopped.
    """
    site = Site.of(workspace, store, clock=clock, wake=wake or nobody)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        site.writer.close()

    app = FastAPI(
        title="newsletter",
        lifespan=lifespan,
        # A one-click POST follows no redirect, so there is none to a path with or without a slash.
        redirect_slashes=False,
        # The ready-made pages of documentation load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.site = site
    app.add_middleware(guard.Guard, https=site.https)
    if trusted := workspace.settings.web.trusted_proxies:
        app.add_middleware(Proxies, trusted=trusted)
    faults.register(app)
    routes.add(app)
    return app
