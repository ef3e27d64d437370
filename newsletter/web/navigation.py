"""Where a reader is, and the links that every page has: the layout shows them.

A page with a token has no links away from its one button, and no link repeats its address: they
are to the statements alone. An error page tells nothing of the address that was asked for.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import Request

from newsletter.i18n import LANGUAGES, translate
from newsletter.settings import Settings
from newsletter.web.guard import is_private
from newsletter.web.language import PARAMETER

NAMES: Final = {"fi": "Suomeksi", "sv": "På svenska", "en": "In English"}
"""What a link to a page's other language says, in that language."""

KEPT: Final = ("page",)
"""What else in a query belongs to a page, so that it stays when the language changes."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a page: its address below the site's, or only a query."""

    url: str
    text: str
    language: str = ""
    """The language of the text, and of what it leads to, where it is not the page's."""
    current: bool = False
    """Whether it leads to the page that it stands on."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """The links of one page."""

    main: tuple[Link, ...]
    about: tuple[Link, ...]
    languages: tuple[Link, ...]
    carry: str
    """What links to pages end with, so that they stay in a language that was asked for."""
    quiet: bool
    """Whether nothing shall lead away from the page."""


def navigate(
    settings: Settings, language: str, request: Request | None, *, asked: str
) -> Navigation:
    """Make the links of the page that answers a request; of an error page without any.

    `asked` is the language that the address asks for, which the links then ask for, too.
    """
    here = request.url.path if request else ""
    quiet = is_private(here)
    carry = f"?{PARAMETER}={asked}" if asked else ""

    def link(target: str, text: str) -> Link:
        return Link(target + carry, text, current=here == target)

    main = [link("/issues", translate("All issues", language))]
    if settings.subscribe.open and settings.public_lists:
        main.append(link("/subscribe", translate("Subscribe", language)))
    return Navigation(
        main=() if quiet else tuple(main),
        about=(
            link("/privacy", translate("Privacy notice", language)),
            link("/accessibility", translate("Accessibility statement", language)),
        ),
        languages=_others(language, request) if request and not quiet else (),
        carry=carry,
        quiet=quiet,
    )


def _others(language: str, request: Request) -> tuple[Link, ...]:
    """Link to the same page in the other languages, by a query alone; what a form answers has none.

    Following such a link would ask for the form anew.
    """
    if request.method not in {"GET", "HEAD"}:
        return ()
    kept = {name: request.query_params[name] for name in KEPT if name in request.query_params}
    return tuple(
        Link(f"?{urlencode({**kept, PARAMETER: other})}", NAMES[other], language=other)
        for other in LANGUAGES
        if other != language
    )
