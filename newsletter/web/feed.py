"""GET /issues/feed.LANGUAGE.atom: the issues of one language, for feed readers (RFC 4287)."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_DNS, uuid5
from xml.etree import ElementTree as ET

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.i18n import LANGUAGES, pick, translate
from newsletter.issue.edition import Edition
from newsletter.settings import Settings
from newsletter.web import archive, caching
from newsletter.web.archive import Copy, Published
from newsletter.web.language import spoken
from newsletter.web.site import Here

ATOM: Final = "http://www.w3.org/2005/Atom"
_XML: Final = "http://www.w3.org/XML/1998/namespace"

_NEWEST: Final = 20
_HEADERS: Final = {"Cache-Control": "public, max-age=900"}
_NOTHING_YET: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was changed: it must say so, and the same each time."""

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HIDDEN: Final = re.compile(
    r'<div\b[^>]*style="[^"]*display:\s*none[^"]*"[^>]*>(.*?)</div>', re.DOTALL
)
_TAG: Final = re.compile(r"<[^>]*>")
_BLANKS: Final = re.compile(r"[\s\u2007\u034f\u200a-\u200f\ufeff]+")
_UNDER_HEADING: Final = re.compile(r"^=+\n+(.+?)(?:\n\n|\Z)", re.DOTALL | re.MULTILINE)

Entries = Sequence[tuple[Published, Copy, Edition]]


def show(request: Request, site: Here, language: str) -> Response:
    """Give the newest issues that there are in the language; an empty feed while there is none."""
    with site.store.read() as connection:
        found = [
            (issue, copy)
            for issue in archive.published(connection, public=site.public)
            for copy in issue.copies
            if copy.language == language
        ]
        if not found and language not in LANGUAGES:
            raise HTTPException(404)
        found = found[:_NEWEST]
        editions = archive.load(connection, [copy.digest for _, copy in found])
    entries = [(issue, copy, editions[copy.digest]) for issue, copy in found]
    updated = max((copy.updated_at for _, copy in found), default=_NOTHING_YET)
    content = _write(site.settings, language, entries, updated)
    headers = {"Content-Language": language, **_HEADERS}
    return caching.answer(request, content, "application/atom+xml", headers, modified=updated)


def summary(edition: Edition) -> str:
    """Give the preheader, as everybody may read it, else the first text below the heading."""
    if hidden := _HIDDEN.search(edition.html.fill({})):
        text = html.unescape(_TAG.sub("", hidden[1]))
    else:
        below = _UNDER_HEADING.search(edition.text.fill({}))
        text = below[1] if below else ""
    return _BLANKS.sub(" ", text).strip()


def _write(settings: Settings, language: str, entries: Entries, updated: datetime) -> str:
    base = settings.public_url
    name = settings.masthead.wordmark
    heading = translate("All issues", spoken(language))
    feed = ET.Element("feed", {"xmlns": ATOM, f"{{{_XML}}}lang": language})
    _say(feed, "id", _lasting_id(settings, f"issues/{language}"))
    _say(feed, "title", f"{name}: {heading}")
    _say(feed, "subtitle", pick(settings.masthead.tagline, language, settings.language))
    _say(feed, "updated", _moment(updated))
    _link(feed, "self", f"{base}/issues/feed.{language}.atom", type="application/atom+xml")
    asked = f"?language={language}" if language in LANGUAGES else ""
    _link(feed, "alternate", f"{base}/issues{asked}", type="text/html", hreflang=language)
    author = ET.SubElement(feed, "author")
    _say(author, "name", settings.sender.organisation)
    for issue, copy, edition in entries:
        _entry(feed, settings, issue, copy, edition)
    ET.indent(feed, space="")
    text = ET.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _entry(
    feed: ET.Element, settings: Settings, issue: Published, copy: Copy, edition: Edition
) -> None:
    entry = ET.SubElement(feed, "entry")
    _say(entry, "id", _lasting_id(settings, f"issues/{copy.issue}/{copy.language}"))
    _say(entry, "title", archive.title(edition) or copy.issue)
    _say(entry, "published", _moment(copy.published_at))
    _say(entry, "updated", _moment(copy.updated_at))
    # One alternate for each language: no two may be of the same type and language (§4.1.2).
    for sibling in sorted(issue.copies, key=lambda each: each.language != copy.language):
        address = f"{settings.public_url}{sibling.path}"
        _link(entry, "alternate", address, type="text/html", hreflang=sibling.language)
    _say(entry, "summary", summary(edition))


def _lasting_id(settings: Settings, path: str) -> str:
    """Name a thing for good: by the domain of List-Id, which never changes, not by an address."""
    domain = settings.list_domain or settings.sender.address.rpartition("@")[2]
    return uuid5(NAMESPACE_DNS, f"{path}.{domain}").urn


def _say(parent: ET.Element, name: str, text: str) -> None:
    if text:
        ET.SubElement(parent, name).text = _NOT_XML.sub("", text)


def _link(parent: ET.Element, rel: str, href: str, **more: str) -> None:
    attributes: Mapping[str, str] = {"rel": rel, "href": href, **more}
    ET.SubElement(parent, "link", dict(attributes))


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
