"""Documents made of templates: drafts for a person to complete, and the statement of the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markdown_it import MarkdownIt

from newsletter import workspace as workspaces
from newsletter.errors import InputError
from newsletter.i18n import Localised, pick
from newsletter.legal.processing import tables
from newsletter.register import terms
from newsletter.settings import Privacy, Settings
from newsletter.workspace import Workspace

KINDS: Final = ("record", "privacy", "accessibility")
"""Record of processing (GDPR art. 30), privacy notice (13, 14), accessibility statement."""

_MARKS: Final = {"fi": "TÄYTÄ", "sv": "FYLL I", "en": "FILL IN"}
_HINT: Final = "mend the template, or delete your copy of it to use the starter's"


@dataclass(frozen=True, slots=True)
class Document:
    """A text as Markdown, without its heading."""

    title: str
    text: str
    blanks: int
    """What a person must still fill in, each marked in the text."""

    @property
    def markdown(self) -> str:
        """The whole text."""
        return f"# {self.title}\n\n{self.text}"


def draft(workspace: Workspace, kind: str, language: str) -> Document:
    """Draft a document in fi, sv or en; what is not known is marked [TÄYTÄ: …] and counted.

    Raises InputError when the workspace's own template is broken.
    """
    return _write(workspace, kind, language, drafting=True)


def accessibility(workspace: Workspace, language: str) -> Document:
    """Write the statement as readers see it: it leaves out what nobody has filled in."""
    return _write(workspace, "accessibility", language, drafting=False)


def page(document: Document) -> str:
    """Write the text as HTML, for a page that shows the title itself; raw HTML is only text."""
    return str(MarkdownIt("commonmark", {"html": False}).render(document.text))


def _write(workspace: Workspace, kind: str, language: str, *, drafting: bool) -> Document:
    blanks: list[str] = []

    def fill(what: str) -> str:
        blanks.append(what)
        return f"[{_MARKS[language]}: {what}]" if drafting else ""

    name = f"{kind}.{language}.md.j2"
    try:
        template = _environment(workspace).get_template(name)
        text = template.render(_context(workspace.settings, language, fill), draft=drafting)
    except TemplateError as error:
        raise InputError(f"template legal/{name}: {error}", hint=_HINT) from error
    title, _, rest = text.strip().partition("\n")
    return Document(title.removeprefix("#").strip(), rest.strip() + "\n", len(blanks))


def _environment(workspace: Workspace) -> Environment:
    folders = [workspace.templates / "legal", workspaces.starter() / "templates" / "legal"]
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=False,  # noqa: S701 - Markdown; a page made of it takes raw HTML for text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _context(settings: Settings, language: str, fill: Callable[[str], str]) -> dict[str, Any]:
    def own(text: Localised) -> str:
        return " ".join(pick(text, language, settings.language).split())

    return {
        "fill": fill,
        "own": own,
        "settings": settings,
        "sender": settings.sender,
        "url": settings.public_url,
        "register": own(settings.register_.name),
        "controller": settings.register_.controller,
        "contact": settings.register_.contact,
        "privacy": {name: own(getattr(settings.privacy, name) or "") for name in _told()},
        "lists": [own(item.name) for item in settings.lists],
        "fields": [_within(own(field.label)) or name for name, field in settings.fields.items()],
        "provider": terms.provider_name(settings),
        "notice": terms.parts(settings, language),
        "retention": settings.retention,
        "tables": tables(),
        "statement": settings.accessibility,
        "feedback": settings.accessibility.feedback
        or settings.sender.reply_to
        or settings.sender.address,
        "day": partial(_day, language=language),
    }


def _told() -> list[str]:
    return list(Privacy.model_fields)


def _within(label: str) -> str:
    """Write a label as it stands within a sentence."""
    return label if label.isupper() else label[:1].lower() + label[1:]


def _day(moment: date, language: str) -> str:
    from babel.dates import format_date  # noqa: PLC0415 - start-up time

    locale = "en_GB" if language == "en" else language
    return str(format_date(moment, format="long", locale=locale))
