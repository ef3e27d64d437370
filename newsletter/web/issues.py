"""GET /issues: all that were sent. GET /issues/…: one of them, without anything personal."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from fastapi import Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.i18n import direction
from newsletter.web import archive, caching, listing
from newsletter.web.archive import Copy, Found
from newsletter.web.guard import ISSUE_POLICY
from newsletter.web.language import spoken
from newsletter.web.navigation import NAMES, Link
from newsletter.web.site import Here, Site

PER_PAGE: Final = 20

_PUBLIC: Final = "public, max-age=300"
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
_HEAD_ENDS: Final = re.compile(r"</head\s*>|(?=<body\b)", re.IGNORECASE)
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_ENDS: Final = re.compile(r"</body\s*>\s*(?:</html\s*>\s*)?$", re.IGNORECASE)


def index(request: Request, site: Here, page: str = "1") -> Response:
    """List what was sent, newest first, by year; `?page=2` goes back in time."""
    if not _NUMBER.fullmatch(page):
        raise HTTPException(404)
    number, language = int(page), site.language_of(request)
    start = (number - 1) * PER_PAGE
    with site.store.read() as connection:
        found, count = archive.page(connection, public=site.public, start=start, count=PER_PAGE)
        items = listing.items(connection, found, language, site.settings)
    if not items and number > 1:
        raise HTTPException(404)
    return site.page(
        "archive",
        language,
        headers={"Vary": "Accept-Language"},
        years=[(year, list(some)) for year, some in groupby(items, lambda item: item.year)],
        newer=number - 1,
        older=number + 1 if start + PER_PAGE < count else 0,
        number=number,
    )


def show(request: Request, site: Here, name: str, language: str, variant: str = "") -> Response:
    """Show the public copy of an issue: the letter as it was mailed, between two bars of ours."""
    with site.store.read() as connection:
        found = archive.find(connection, name, language, variant, public=site.public)
    if found is None:
        raise HTTPException(404)
    headers = {
        "Cache-Control": _PUBLIC,
        "Content-Language": found.edition.language,
        "Content-Security-Policy": ISSUE_POLICY,
        "Link": _links(site.settings.public_url, found),
    }
    if not found.listed:
        headers["X-Robots-Tag"] = "noindex"
    return caching.answer(request, _framed(site, found), "text/html", headers)


def _links(base: str, found: Found) -> str:
    """Name the address to keep, and the other languages (RFC 8288)."""
    own = f"/issues/{found.edition.issue}/{found.edition.language}"
    links = [f'<{base}{own}>; rel="canonical"']
    links += [
        f'<{base}{copy.path}>; rel="alternate"; hreflang="{copy.language}"' for copy in found.copies
    ]
    return ", ".join(links)


def _framed(site: Site, found: Found) -> str:
    """Put our bars around the letter; not one character of it is changed.

    A letter without a body, from a template of the workspace's own, is given as it is.
    """
    html = found.edition.web
    head, body = _HEAD_ENDS.search(html), _BODY.search(html)
    if not head or not body or head.start() > body.start():
        return html
    end = _BODY_ENDS.search(html, body.end())
    until = end.start() if end else len(html)
    language = spoken(found.edition.language)
    others = [copy for copy in found.copies if copy.language != found.edition.language]
    return site.text(
        "copy",
        language,
        # The letter was made by our own templates, which escape.
        before=Markup(html[: head.start()]),  # noqa: S704 - see above
        between=Markup(html[head.start() : body.end()]),  # noqa: S704 - same
        letter=Markup(html[body.end() : until]),  # noqa: S704 - same
        after=Markup(html[until:]),  # noqa: S704 - same
        siblings=_siblings(others),
        feed=found.edition.language,
        copy_style=site.version("copy.css"),
        direction=direction(language),
    )


def _siblings(copies: Sequence[Copy]) -> list[Link]:
    """Link to the other languages, each in its own words where we have them."""
    return [
        Link(
            copy.path,
            NAMES.get(copy.language) or listing.tongue(copy.language, "en"),
            language=copy.language,
        )
        for copy in copies
    ]
