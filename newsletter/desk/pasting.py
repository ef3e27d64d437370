"""An issue for a service that has an editor of its own: HTML and texts, ready to be pasted there.

Personal fields become the service's marks. Our links for leaving and settings are left out, for the
service adds its own, and so is the one to our web page, which does not show what we did not send;
a mark of their name puts the service's link in their place.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from newsletter.desk.prepare import Prepared
from newsletter.desk.variants import variants
from newsletter.desk.writing import stem_of
from newsletter.errors import InputError
from newsletter.issue import fields
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot, Template
from newsletter.settings import Settings
from newsletter.settings.register import PREFERENCES, UNSUBSCRIBE

VIEW: Final = "view_url"
LINKS: Final = (UNSUBSCRIBE, PREFERENCES, VIEW)
"""What a mark may be named beside the fields of subscribers."""

_GAP: Final = "\ue000"
"""Where something was taken out; no text of ours holds it."""
_OPEN: Final = "\ue001"
_AIR: Final = rf"(?:\s|&nbsp;|&#160;|\xa0|{_GAP})*"
_EMPTY: Final = re.compile(
    rf"<(div|p|span|td|tr|tbody|table)\b[^>]*>{_AIR}{_GAP}{_AIR}</\1>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """The files that were written, and what is to be known of them."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def write_for(
    prepared: Prepared,
    folder: Path,
    settings: Settings,
    *,
    service: str,
    marks: Mapping[str, str],
    variant: str | None = None,
) -> Pasted:
    """Write each language's HTML, text, subject and preheader as files named after the service.

    `marks` are by field, or by the name of a link. Images keep the addresses where they are hosted.
    Raises InputError for a mark of no field, and for an issue that differs from reader to reader,
    unless `variant` chooses.
    """
    _check(marks, settings)
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    notes: dict[str, None] = {}
    for edition in _chosen(prepared, variant):
        for name, text in _texts(prepared, edition, settings, marks).items():
            file = folder / f"{stem_of(edition)}.{service}.{name}"
            file.write_text(text, encoding="utf-8")
            files.append(file)
        preheader = _preheader(prepared, edition, settings)
        parts = (edition.subject, edition.html, edition.text, preheader)
        notes |= dict.fromkeys(_remarks(parts, marks))
    return Pasted(tuple(files), (*notes, *_trial(prepared), *_general(settings, marks)))


def _texts(
    prepared: Prepared, edition: Edition, settings: Settings, marks: Mapping[str, str]
) -> dict[str, str]:
    view = "/".join(
        part
        for part in (
            settings.public_url,
            "issues",
            prepared.name,
            edition.language,
            edition.variant,
        )
        if part
    )
    body = _Body(marks, view)
    page = body.html(edition.html)
    text = body.text(edition.text)
    for image in prepared.media:  # no image can travel inside what is pasted
        address = prepared.host.copy_url(image)
        page = page.replace(prepared.host.url(image), address)
        text = text.replace(prepared.host.url(image), address)
    plain = _Body(marks, view).line
    return {
        "html": page,
        "txt": text,
        "subject.txt": plain(edition.subject) + "\n",
        "preheader.txt": plain(_preheader(prepared, edition, settings)) + "\n",
    }


@dataclass(frozen=True, slots=True)
class _Body:
    """Fills open places with marks, and takes out the links that have none."""

    marks: Mapping[str, str]
    view: str

    def line(self, template: Template) -> str:
        """Write a line of plain text."""
        return template.write(self._place(str))

    def html(self, template: Template) -> str:
        """Write a page."""
        page = template.write(self._place(html.escape))
        for name in LINKS:
            page = self._link(page, name, html.escape(self.view))
        while (less := _EMPTY.sub(_GAP, page)) != page:
            page = less
        return page.replace(_GAP, "")

    def text(self, template: Template) -> str:
        """Write the plain text; a link without a mark goes with the paragraph that it stands in."""
        whole = template.write(self._place(str))
        whole = "\n".join(
            _open(VIEW) if line.strip() == self.view else line for line in whole.split("\n")
        )
        kept = [part for part in whole.split("\n\n") if not any(_open(n) in part for n in self._no)]
        text = "\n\n".join(kept).rstrip("\n") + "\n"
        for name in LINKS:
            text = text.replace(_open(name), self.marks.get(name, ""))
        return text

    @property
    def _no(self) -> list[str]:
        """The links that have no mark."""
        return [name for name in LINKS if name not in self.marks]

    def _place(self, escape: Callable[[str], str]) -> Callable[[Slot], str]:
        def place(slot: Slot) -> str:
            if slot.field in LINKS:
                return _open(slot.field)
            if slot.field in self.marks:
                mark = self.marks[slot.field]
                return mark if slot.escape is Escape.URL else escape(mark)
            return slot.value({})

        return place

    def _link(self, page: str, name: str, view: str) -> str:
        """Give a link its mark, or take it out."""
        address = re.escape(view if name == VIEW else _open(name))
        if name in self.marks:
            mark = html.escape(self.marks[name])
            return re.sub(rf'href="{address}"', lambda _: f'href="{mark}"', page)
        return re.sub(rf'<a\b[^>]*\shref="{address}"[^>]*>.*?</a>', _GAP, page, flags=re.DOTALL)


def _open(name: str) -> str:
    return f"{_OPEN}{name}{_OPEN}"


def _preheader(prepared: Prepared, edition: Edition, settings: Settings) -> Template:
    text = prepared.documents[edition.language].issue.preheader or ""
    return Template(
        tuple(
            part if isinstance(part, str) else Slot(part.name, Escape.TEXT, part.fallback)
            for part in fields.parse(text, settings.field_names)
        )
    )


def _chosen(prepared: Prepared, variant: str | None) -> Iterator[Edition]:
    """Choose one edition of each language; raises InputError where that cannot be done."""
    for language, sibling in prepared.editions.siblings.items():
        if len(sibling.variants) == 1:
            yield next(iter(sibling.variants.values()))
        elif variant is None:
            raise InputError(
                f"{prepared.name} has blocks for some readers only: in {language} it is "
                f"{len(sibling.variants)} different mails, and what is pasted is one",
                hint=f"choose one with --variant, {_readers(prepared, language)}; or leave `when` "
                "out of its blocks",
            )
        elif variant not in sibling.variants:
            raise InputError(
                f"no variant {variant!r} in {language}",
                hint=f"there are {_readers(prepared, language)}",
            )
        else:
            yield sibling.variants[variant]


def _readers(prepared: Prepared, language: str) -> str:
    return ", ".join(
        f"{found.name} ({'; '.join(found.readers)})"
        for found in variants(prepared)
        if found.language == language
    )


def _check(marks: Mapping[str, str], settings: Settings) -> None:
    known = (*settings.field_names, *LINKS)
    if unknown := sorted(set(marks) - set(known)):
        raise InputError(
            f"no field or link named {unknown[0]!r} among the marks",
            hint=f"known are: {', '.join(known)}",
        )


def _remarks(parts: tuple[Template, ...], marks: Mapping[str, str]) -> Iterator[str]:
    """Say what becomes of each personal field."""
    for slot in (slot for part in parts for slot in part.slots):
        if slot.field in LINKS:
            continue
        fallback = f"“{slot.fallback}”" if slot.fallback else "nothing"
        if slot.field not in marks:
            yield f"{slot.field} has no mark: everybody reads {fallback} in its place"
        elif slot.fallback:
            yield (
                f"{slot.field} is {marks[slot.field]}: whoever has none there may read nothing "
                f"instead of {fallback}"
            )


def _trial(prepared: Prepared) -> Iterator[str]:
    if prepared.trial:
        first, *others = prepared.trial.subjects
        yield f"several subjects are tried: what is pasted has {first}, not {', '.join(others)}"


def _general(settings: Settings, marks: Mapping[str, str]) -> Iterator[str]:
    if UNSUBSCRIBE not in marks:
        yield "our unsubscribe link is left out: see to it that the service adds its own"
    if not settings.public_url.startswith("https://") and settings.images.hosting in {"web", "cid"}:
        yield (
            f"images are shown from {settings.public_url}, which readers cannot reach: set "
            "public_url, or host them elsewhere ([images])"
        )
