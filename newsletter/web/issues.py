"""GET /issues/…: an issue as a web page, without anything personal."""

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from newsletter.web import archive
from newsletter.web.guard import ISSUE_POLICY
from newsletter.web.site import Here

_HEADERS = {"Content-Security-Policy": ISSUE_POLICY, "Cache-Control": "public, max-age=300"}


def show(site: Here, name: str, language: str, variant: str = "") -> Response:
    """Show the public copy of an edition that a planned mailing sends."""
    with site.store.read() as connection:
        edition = archive.find(connection, name, language, variant)
    if edition is None:
        raise HTTPException(404)
    return HTMLResponse(edition.web, headers={"Content-Language": edition.language, **_HEADERS})
