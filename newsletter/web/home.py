"""GET /: whose newsletter this is, and its latest issues."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from newsletter.i18n import pick
from newsletter.web import archive, listing
from newsletter.web.site import Here

_ISSUES: Final = 6


def show(request: Request, site: Here) -> Response:
    """Say who publishes what, for whoever follows the address of the site."""
    language, settings = site.language_of(request), site.settings
    with site.store.read() as connection:
        found, count = archive.page(connection, public=site.public, start=0, count=_ISSUES)
        issues = listing.items(connection, found, language, settings)
    return site.page(
        "home",
        language,
        headers={"Vary": "Accept-Language"},
        lists=[
            (
                pick(item.name, language, settings.language),
                pick(item.description, language, settings.language),
            )
            for item in settings.public_lists
        ],
        issues=issues,
        more=count > len(issues),
        about=pick(settings.funding.about, language, settings.language) if settings.funding else "",
    )
