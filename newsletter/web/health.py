"""GET /healthz: for whoever watches the service."""

from sqlalchemy import select
from starlette.responses import PlainTextResponse, Response

from newsletter.errors import StoreError
from newsletter.store import schema
from newsletter.web.site import Here


def show(site: Here) -> Response:
    """Say whether the database answers, and nothing else."""
    try:
        with site.store.read() as connection:
            connection.execute(select(schema.subscribers.c.id).limit(1)).all()
    except StoreError:
        return PlainTextResponse("unavailable\n", 503, {"Cache-Control": "no-store"})
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})
