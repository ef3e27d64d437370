"""GET /sitemap.xml and /robots.txt: what search engines may know (sitemaps.org, RFC 9309)."""

from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from fastapi import Request
from starlette.responses import Response

from newsletter.i18n import LANGUAGES
from newsletter.settings import Settings
from newsletter.web import archive, caching
from newsletter.web.guard import PRIVATE
from newsletter.web.language import PARAMETER
from newsletter.web.site import Here

NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML: Final = "http://www.w3.org/1999/xhtml"

_HEADERS: Final = {"Cache-Control": "public, max-age=3600"}
_MOST: Final = 45_000
"""Addresses in one sitemap; 50,000 are allowed."""

Page = tuple[str, str, Sequence[tuple[str, str]]]
"""An address, the day that it was changed (or nothing), and language → address of its siblings."""


def show(request: Request, site: Here) -> Response:
    """Name our own pages and every issue that is listed, each with its other languages."""
    with site.store.read() as connection:
        issues = archive.published(connection, public=site.public)
    pages = list(_own(site.settings))
    for issue in issues:
        siblings = [
            (copy.language, f"{site.settings.public_url}{copy.path}") for copy in issue.copies
        ]
        pages += [
            (address, copy.updated_at.date().isoformat(), siblings)
            for copy, (_, address) in zip(issue.copies, siblings, strict=True)
        ]
    return caching.answer(request, _write(pages[:_MOST]), "application/xml", _HEADERS)


def robots(request: Request, site: Here) -> Response:
    """Keep robots off what is personal; the pages say so themselves, too, without being named."""
    root = site.root
    lines = [
        "User-agent: *",
        *[f"Disallow: {root}{start}" for start in (*PRIVATE, "/api/")],
        f"Sitemap: {site.settings.public_url}/sitemap.xml",
    ]
    return caching.answer(request, "\n".join(lines) + "\n", "text/plain", _HEADERS)


def _own(settings: Settings) -> Iterable[Page]:
    paths = ["/", "/issues", "/privacy", "/accessibility"]
    if settings.subscribe.open and settings.public_lists:
        paths.insert(2, "/subscribe")
    for path in paths:
        address = f"{settings.public_url}{path}"
        each = [(language, f"{address}?{PARAMETER}={language}") for language in LANGUAGES]
        siblings = [*each, ("x-default", address)]
        yield from ((sibling, "", siblings) for _, sibling in siblings)


def _write(pages: Iterable[Page]) -> str:
    ET.register_namespace("xhtml", XHTML)
    urls = ET.Element("urlset", {"xmlns": NAMESPACE})
    for address, day, siblings in pages:
        url = ET.SubElement(urls, "url")
        ET.SubElement(url, "loc").text = address
        if day:
            ET.SubElement(url, "lastmod").text = day
        for language, sibling in siblings:
            link = {"rel": "alternate", "hreflang": language, "href": sibling}
            ET.SubElement(url, f"{{{XHTML}}}link", link)
    ET.indent(urls, space="")
    text = ET.tostring(urls, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'
