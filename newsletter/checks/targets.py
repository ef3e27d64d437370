"""Where links lead: each place once, to what they show, and where readers can get."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from newsletter.checks.parts import FoundLink
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level

_SHOWN: Final = re.compile(
    r"(?:https?://|www\.)(?P<host>[^\s/?#]+)\S*|(?P<bare>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})/?",
    re.IGNORECASE,
)
_INNER: Final = ("localhost", "local", "internal", "intranet", "lan", "test", "invalid")
"""Names that only lead somewhere inside a house (RFC 6761, RFC 6762)."""
_OURS: Final = tuple(
    (re.compile(rf"^https?://{pattern}", re.IGNORECASE), message, hint)
    for pattern, message, hint in (
        (
            r"[^/?#]+\.safelinks\.protection\.outlook\.com(?:[/?#]|$)",
            "this is how Outlook wrote the link to one of you: it names who got that mail",
            "copy the address from the page itself",
        ),
        (
            r"[^/?#]+\.sharepoint\.com/:\w:/r/",
            "only who has rights in your SharePoint can open it",
            "share it with everybody ('Anyone with the link'), or put it on the website",
        ),
        (
            r"[^?#]*/wp-admin/",
            "this page is where the website is written",
            "link to the page that readers see",
        ),
    )
)
"""What opens for colleagues only: the beginning of an address, what to say, how to mend it."""


@rule(
    "NL425",
    Level.NOTE,
    Family.LINKS,
    "the same link is there once",
    why="who goes through a mail by its links hears it again and looks for what is different",
    hint="take one of them out, or lead the second one further",
)
def link_is_there_once(matter: Matter) -> Iterator[Remark]:
    """Look for links with equal words and equal targets that the same readers see."""
    seen: dict[tuple[str, str], FoundLink] = {}
    for link in matter.links:
        words = " ".join((link.label or "").lower().split())
        before = seen.setdefault((words, link.url), link)
        if words and before is not link and before.when in (link.when, ()):
            yield Remark(link.label_place, f"the link {link.label!r} is here a second time")


@rule(
    "NL426",
    Level.WARNING,
    Family.LINKS,
    "a link that shows an address leads there",
    why="mail that shows one address and leads to another is how people are robbed; filters know",
    hint="show where it leads, or write words instead of the address",
)
def shown_address_is_true(matter: Matter) -> Iterator[Remark]:
    """Compare the host that the words show with that of the target."""
    for link in matter.links:
        shown = _SHOWN.fullmatch((link.label or "").strip())
        target = _host(link.url)
        if shown and target and _plain(shown["host"] or shown["bare"]) != _plain(target):
            yield Remark(link.label_place, f"{link.label!r} leads to {target}")


@rule(
    "NL427",
    Level.WARNING,
    Family.LINKS,
    "links lead to where every reader can get",
    why="what opens in the office's own network opens for nobody else",
    hint="link to the public page",
)
def readers_get_there(matter: Matter) -> Iterator[Remark]:
    """Look for private addresses, names without a domain, and names of inner networks."""
    for link in matter.links:
        host = _host(link.url)
        if host and _is_inner(host):
            yield Remark(link.url_place, f"{host} is an address that only some networks know")
        for pattern, message, hint in _OURS:
            if pattern.search(link.url):
                yield Remark(link.url_place, message, hint)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url.partition("{{")[0])
        return (parts.hostname or "") if parts.scheme.lower() in {"http", "https"} else ""
    except ValueError:
        return ""


def _is_inner(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rsplit(".", 1)[1] in _INNER


def _plain(host: str) -> str:
    return host.lower().removeprefix("www.").rstrip(".")
