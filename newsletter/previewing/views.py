"""What the page shows, in words and HTML: whole pages, and the pieces that change.

Pieces are made here, where everything is escaped; the page's script only puts them in their place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from newsletter import desk
from newsletter import workspace as workspaces
from newsletter.checks.gmail import gmail
from newsletter.desk.glancing import Glance
from newsletter.errors import Finding, Level
from newsletter.i18n import number, pick, spoken, translate
from newsletter.previewing.looking import Choice, Table
from newsletter.previewing.reading import variants, who
from newsletter.settings import Settings

_CLIPPED: Final = 102_000
"""Bytes of HTML at which Gmail cuts a mail (standards P11)."""
_HEAVY: Final = 80_000
"""From here on a little more text gets there."""
_LINKS: Final = 500
"""Bytes that the personal links add, on the safe side."""
_NARROW: Final = 30
_WIDE: Final = 90
"""Characters of a source line for which there is room at the side, and over the letter."""
_ASSETS: Final = {
    "preview.css": "text/css",
    "preview.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One of several to choose from."""

    value: str
    text: str
    chosen: bool = False


def issues(table: Table, root: str) -> str:
    """Write the page that lists the issues."""
    return _write(table, "issues.html.j2", root=root, issues=table.issues)


def page(table: Table, root: str, issue: str) -> str:
    """Write the page that shows an issue; what changes comes by the stream."""
    return _write(table, "issue.html.j2", root=root, issue=issue, issues=table.issues)


def asset(table: Table, name: str) -> tuple[bytes, str] | None:
    """Give a file of the page and its type; None where there is none of that name."""
    kind = _ASSETS.get(name)
    if kind is None:
        return None
    if name.endswith(".js"):
        return (_folder() / name).read_bytes(), kind
    return _write(table, f"{name}.j2").encode(), kind


def mail(table: Table, seen: Glance, choice: Choice, root: str) -> dict[str, Any]:
    """Say all that the page shows of one mail."""
    settings = table.workspace.settings
    size = len(seen.html.encode()) + _LINKS
    images = sum(len(content) for name, content in seen.media.items() if name in seen.html)
    readers = [
        Option(one.name, who(one, settings), one.name == seen.reader.name)
        for one in table.readers(seen)
    ]
    write = partial(_write, table)
    return {
        "html": _here(seen.html, seen, root),
        "issues": write("names.html.j2", issue=choice.issue, issues=table.issues),
        "subject": seen.subject,
        "preheader": seen.preheader,
        "language": seen.language,
        "address": choice.address,
        "languages": write("languages.html.j2", options=_languages(seen)),
        "readers": write("readers.html.j2", options=readers, address=choice.address),
        "arms": write("arms.html.j2", options=_arms(seen, choice)),
        "size": write("size.html.j2", **_size(size, images, settings)),
        "share": min(1, size / _CLIPPED),
        "weight": _weight(size),
        "variants": write(
            "variants.html.j2",
            inside=table.inside,
            variants=list(variants(seen.document, seen.variant, settings, _words(table))),
        ),
    }


def findings(table: Table, found: Sequence[Finding]) -> dict[str, Any]:
    """Say what was found of an issue as a whole."""
    return {
        "errors": sum(one.level is Level.ERROR for one in found),
        "html": _write(
            table,
            "findings.html.j2",
            findings=list(_explained(table, found, _NARROW)),
            opened=False,
        ),
    }


def faults(table: Table, found: Sequence[Finding]) -> dict[str, Any]:
    """Say why the files as they are give no mail."""
    explained = list(_explained(table, found, _WIDE))
    return {"html": _write(table, "faults.html.j2", findings=explained, broken=False)}


def broken(table: Table) -> dict[str, Any]:
    """Say that the fault is the tool's own."""
    return {"html": _write(table, "faults.html.j2", findings=[], broken=True)}


def people(table: Table, text: str) -> str:
    """Write whom somebody may mean; raises InputError when nothing is asked for."""
    found, total = table.find(text)
    said = number(total, _language(table))
    return _write(table, "people.html.j2", people=found, more=total > len(found), total=said)


def refused(table: Table) -> dict[str, Any]:
    """Say that a person cannot be found."""
    return {"text": translate("Nobody in the register has this address.", _language(table))}


def part(seen: Glance, kind: str, root: str) -> str:
    """Write another part of a mail."""
    return PARTS[kind](seen, root)


PARTS: Final[Mapping[str, Callable[[Glance, str], str]]] = {
    "text": lambda seen, _: seen.text(),
    "html": lambda seen, _: seen.html,
    "mjml": lambda seen, _: seen.mjml(),
    "stripped": lambda seen, root: gmail(_here(seen.html, seen, root)),
}


def _here(html: str, seen: Glance, root: str) -> str:
    """Let a mail find its images on this server, wherever they are hosted."""
    for name, address in seen.hosted.items():
        html = html.replace(address, f"{root}/-/media/{name}")
    return html


def _languages(seen: Glance) -> list[Option]:
    return [Option(one, _name(one), one == seen.language) for one in seen.languages]


def _arms(seen: Glance, choice: Choice) -> list[Option]:
    chosen = choice.arm if choice.arm in seen.arms else seen.arms[0]
    subjects = seen.document.issue.subjects
    return [Option(arm, f"{arm}: {subjects[arm]}", arm == chosen) for arm in seen.arms if arm]


def _weight(size: int) -> str:
    return "cut" if size >= _CLIPPED else "heavy" if size >= _HEAVY else "light"


def _size(size: int, images: int, settings: Settings) -> dict[str, Any]:
    language = spoken(settings.language)
    return {
        "size": number(round(size / 1000), language),
        "limit": number(round(_CLIPPED / 1000), language),
        "percent": number(round(100 * size / _CLIPPED), language),
        "images": number(round(images / 1000), language),
        "weight": _weight(size),
    }


def _explained(table: Table, found: Sequence[Finding], width: int) -> Iterator[dict[str, Any]]:
    """Give findings with why they matter; errors first, else in the order of the files.

    `width`: how many characters of a line there is room for.
    """
    known, levels = desk.catalogue(), list(Level)
    for item in sorted(found, key=lambda one: levels.index(one.level)):
        entry = known.get(item.rule)
        yield {
            "finding": item,
            "place": table.inside(str(item.place)),
            "why": entry.why if entry else "",
            "excerpt": item.place.excerpt(width),
        }


def _name(language: str) -> str:
    """Name a language as its speakers do: Suomi, Svenska, English."""
    try:
        return (Locale.parse(language).display_name or language).capitalize()
    except (ValueError, LookupError):
        return language


def _language(table: Table) -> str:
    return spoken(table.workspace.settings.language)


def _words(table: Table) -> Callable[..., str]:
    return partial(translate, language=_language(table))


def _write(table: Table, name: str, **values: Any) -> str:  # noqa: ANN401 - whatever it shows
    settings = table.workspace.settings
    language = _language(table)
    return (
        _environment()
        .get_template(name)
        .render(
            _=_words(table),
            language=language,
            theme=settings.theme,
            masthead=settings.masthead,
            sender=settings.sender,
            tagline=pick(settings.masthead.tagline, language, settings.language),
            **values,
        )
    )


def _folder() -> Path:
    return workspaces.starter() / "templates" / "preview"


@cache
def _environment() -> Environment:
    """Read the tool's own templates only: none of a workspace can break the desk."""
    return Environment(
        loader=FileSystemLoader(_folder()),
        autoescape=select_autoescape(["html.j2", "svg.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
