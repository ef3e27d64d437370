"""How pages list issues: the day of each, and its title in every language that it has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from sqlalchemy import Connection

from newsletter.settings import Settings
from newsletter.web import archive
from newsletter.web.archive import Copy, Published


@dataclass(frozen=True, slots=True)
class Title:
    """A link to one language of an issue."""

    path: str
    text: str
    language: str
    tongue: str
    """The name of the language, where it is not the page's."""


@dataclass(frozen=True, slots=True)
class Item:
    """One issue in a list; the title that fits the page best in front."""

    year: int
    day: str
    """As the page's language writes it: 2. maaliskuuta 2026."""
    iso_day: str
    titles: tuple[Title, ...]


def items(
    connection: Connection, issues: Iterable[Published], language: str, settings: Settings
) -> list[Item]:
    """Write issues for a page in `language`; days are those of the workspace's time zone."""
    issues = list(issues)
    digests = [copy.digest for issue in issues for copy in issue.copies]
    loaded = archive.load(connection, digests)
    titles = {digest: archive.title(edition) for digest, edition in loaded.items()}
    zone = ZoneInfo(settings.time_zone)
    return [
        Item(
            year=day.year,
            day=_long(day, language),
            iso_day=day.isoformat(),
            titles=tuple(
                _title(copy, titles[copy.digest], language)
                for copy in _ordered(issue.copies, language, settings.language)
            ),
        )
        for issue in issues
        for day in [issue.published_at.astimezone(zone).date()]
    ]


def tongue(language: str, page_language: str) -> str:
    """Name a language to a reader of another: "ruotsi"; nothing where it is the page's own."""
    if language == page_language:
        return ""
    return str(_locale(page_language).languages.get(language, language))


def _title(copy: Copy, text: str, language: str) -> Title:
    return Title(copy.path, text or copy.issue, copy.language, tongue(copy.language, language))


def _ordered(copies: Iterable[Copy], language: str, fallback: str) -> list[Copy]:
    """Put the page's language first, then the workspace's."""
    return sorted(
        copies,
        key=lambda copy: (copy.language != language, copy.language != fallback, copy.language),
    )


def _locale(language: str) -> Locale:
    # Public bodies in Finland write British English: the day before the month.
    return Locale.parse("en_GB" if language == "en" else language)


def _long(day: date, language: str) -> str:
    return str(format_date(day, format="long", locale=_locale(language)))
