"""GET /: whose newsletter this is, and its latest issues."""

from typing import Final

from babel import Locale
from babel.dates import format_date
from fastapi import Request
from starlette.responses import Response

from newsletter.web import archive
from newsletter.web.site import Here

_ISSUES: Final = 6


def show(request: Request, site: Here) -> Response:
    """Say who publishes what, for whoever follows the address of the site."""
    language = site.language_of(request)
    with site.store.read() as connection:
        issues = archive.latest(connection, _ISSUES)
    return site.page(
        "home",
        language,
        headers={"Vary": "Accept-Language"},
        lists=[site.list_name(item.id, language) for item in site.settings.lists],
        issues=[(issue, *_beside(issue, language)) for issue in issues],
    )


def _beside(issue: archive.Published, language: str) -> tuple[str, str]:
    """Write the day of an issue and, if it is not the page's, its language."""
    # Public bodies in Finland write British English: the day before the month.
    locale = Locale.parse("en_GB" if language == "en" else language)
    day = format_date(issue.planned_at, format="long", locale=locale)
    other = issue.language != language
    return day, (locale.languages.get(issue.language, "") if other else "")
