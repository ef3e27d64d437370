"""The mails of the service, rendered in the look of the issues: once per kind, language and lists.

What each says stands in templates/mail/KIND.j2, for HTML and plain text alike; how it looks in
letter.mjml.j2 and letter.txt.j2, or in a file of its own, mail/KIND.mjml.j2 or mail/KIND.txt.j2.
A workspace's own files win, as they do for issues.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from newsletter import hosting
from newsletter.hosting import cid
from newsletter.i18n import direction, pick
from newsletter.issue.edition import Edition
from newsletter.issue.issue import Issue
from newsletter.register.replies import Kind
from newsletter.render import Gallery
from newsletter.render.environment import Templates
from newsletter.render.finish import to_html
from newsletter.render.imprint import Imprint, translator
from newsletter.render.pictures import Pictures
from newsletter.render.places import Places
from newsletter.render.plaintext import COLUMNS
from newsletter.workspace import Workspace, starter

LINK: Final = "link"
PREFERENCES: Final = "preferences_url"
ASKED: Final = "asked"
UNTIL: Final = "until"
"""The open places of every kind: the link to press, the preferences, when and where, how long."""

LEAVABLE: Final[tuple[Kind, ...]] = ("welcome", "already")
"""Kinds that go to somebody who subscribes, with a way out of each list."""

_BOXES: Final = {"note"}
"""The head has night colours for quiet text and hairlines where there are boxes; here are some."""
_MOST_KEPT: Final = 200
"""Editions; each has some 20 kB, and there are three languages, seven kinds, and few lists."""


def leave_field(place: int) -> str:
    """Name the open place for leaving the list at that place; the first one is the header's too."""
    return "unsubscribe_url" if place == 0 else f"unsubscribe_url_{place + 1}"


@dataclass(frozen=True, slots=True)
class ListLine:
    """A list as a mail names it; `leave` is empty where nobody can leave yet."""

    name: str
    about: str
    leave: str


class Letters:
    """Renders the mails of one workspace and keeps what it made; for one thread at a time."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace: Final = workspace
        folders = (workspace.templates, starter() / "templates")
        self._folders: Final = folders
        self._mjml: Final = Templates(folders, "mjml")
        self._txt: Final = Templates(folders, "txt")
        self._host: Final = hosting.load(workspace, environment=os.environ)
        self._made: Final[dict[tuple[str, str, tuple[str, ...]], Edition]] = {}

    def edition(self, kind: Kind, language: str, lists: Sequence[str]) -> Edition:
        """Give the mail of a kind in a language that has a catalogue, with open places.

        Raises InputError for a template or a logo that is at fault.
        """
        name = (kind, language, tuple(lists))
        if name not in self._made:
            if len(self._made) >= _MOST_KEPT:
                self._made.clear()
            self._made[name] = self._render(kind, language, tuple(lists))
        return self._made[name]

    def inline(self, edition: Edition) -> Mapping[str, bytes]:
        """Find the images that travel inside the mail."""
        return cid.carried(edition.html, self._workspace.media)

    def _render(self, kind: Kind, language: str, lists: tuple[str, ...]) -> Edition:
        workspace = self._workspace
        gallery = Gallery(
            [workspace.issues, workspace.root], self._host.url, cache=workspace.exports
        )
        places = Places(f"{kind} {language} {lists!r} {workspace.settings!r}", ())
        context = self._context(kind, language, lists, places) | {
            "masthead_picture": Pictures(gallery).masthead
        }
        subject = self._txt.write("mail/subject", context).strip()
        context["issue"] = Issue.model_construct(subject=subject, language=language, blocks=())
        html = to_html(self._write(self._mjml, kind, "mjml", context), language=language,
                       markers=(), languages={})  # fmt: skip
        text = _tidy(self._write(self._txt, kind, "txt", context))
        self._host.publish(dict(gallery.files))
        return Edition(
            issue=kind,
            language=language,
            variant=",".join(lists),
            subject=places.cut_text(subject),
            html=places.cut_html(html),
            text=places.cut_text(text),
            web="",
        )

    def _write(
        self, templates: Templates, kind: Kind, ending: str, context: Mapping[str, Any]
    ) -> str:
        own = f"mail/{kind}"
        there = any((folder / f"{own}.{ending}.j2").is_file() for folder in self._folders)
        return templates.write(own if there else "mail/letter", context)

    def _context(
        self, kind: Kind, language: str, lists: tuple[str, ...], places: Places
    ) -> dict[str, Any]:
        settings = self._workspace.settings
        return {
            "kind": kind,
            "settings": settings,
            "sender": settings.sender,
            "contact": settings.sender.reply_to or settings.sender.address,
            "theme": settings.theme,
            "light": settings.theme.light,
            "night": settings.theme.dark,
            "language": language,
            "direction": direction(language),
            "register": pick(settings.register_.name, language, settings.language),
            "imprint": Imprint.make(settings, (), language),
            "privacy_url": f"{settings.public_url}/privacy?language={language}",
            "lists": [self._line(kind, language, *each, places) for each in enumerate(lists)],
            "kinds": _BOXES,
            "contents": [],
            "columns": COLUMNS,
            "t": translator(language),
            # There is no copy on the web, and so no link to one.
            "web": True,
            **{field: places.token(field) for field in (LINK, PREFERENCES, ASKED, UNTIL)},
        }

    def _line(
        self, kind: Kind, language: str, place: int, list_id: str, places: Places
    ) -> ListLine:
        settings = self._workspace.settings
        leave = places.token(leave_field(place)) if kind in LEAVABLE else ""
        for item in settings.lists:
            if item.id == list_id:
                name = pick(item.name, language, settings.language)
                return ListLine(name, pick(item.description, language, settings.language), leave)
        return ListLine(list_id, "", leave)


def _tidy(text: str) -> str:
    """Leave at most one empty line in a row and no space at the end of a line."""
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
