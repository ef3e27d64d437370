"""Links lead somewhere safe and say where (standards T06, C08; WCAG 2.4.4)."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.parts import links
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level
from newsletter.issue.texts import url_fault

_VAGUE: Final = (
    "tästä, täältä, tässä, linkki, linkistä, lue, lue lisää, lue lisää tästä, lisää, lue tästä",
    "katso, katso tästä, katso lisää, klikkaa, klikkaa tästä, klikkaa tähän, klikkaa linkkiä",
    "lisätietoja, lisätietoja täältä, avaa, siirry",
    "här, läs, läs mer, läs mer här, mer, klicka, klicka här, länk, länken, se mer",
    "mer information",
    "here, click, click here, read, read more, more, learn more, link, this link, see more",
    "more information, tap here",
)
"""Words that name no target, in Finnish, Swedish and English."""
_VAGUE_LABELS: Final = frozenset(label for line in _VAGUE for label in line.split(", "))


@rule("NL421", Level.WARNING, "links are encrypted: https")
def links_are_encrypted(matter: Matter) -> Iterator[Remark]:
    """Look for http://."""
    for link in links(matter.document):
        if link.url.lower().startswith("http://"):
            yield Remark(
                link.url_place,
                "the link is not encrypted (http)",
                "use https:// when the site has it",
            )


@rule("NL422", Level.ERROR, "links begin with https, http, mailto or tel")
def links_are_usable(matter: Matter) -> Iterator[Remark]:
    """Look at links inside texts; the others were looked at while reading."""
    for link in links(matter.document):
        if found := url_fault(link.url):
            yield Remark(link.url_place, *found)


@rule("NL423", Level.WARNING, "a link's words say where it leads")
def words_say_where(matter: Matter) -> Iterator[Remark]:
    """Look for words that mean nothing when a screen reader lists the links."""
    for link in links(matter.document):
        if link.label is not None and (
            not _plain(link.label) or _plain(link.label) in _VAGUE_LABELS
        ):
            said = f"{link.label!r} does not say" if link.label.strip() else "a link does not say"
            yield Remark(
                link.label_place,
                f"{said} where the link leads",
                "name the target, e.g. 'Lue loppuraportti'",
            )


@rule("NL424", Level.WARNING, "the same words lead to one place")
def same_words_same_place(matter: Matter) -> Iterator[Remark]:
    """Look for links with equal words and different targets."""
    seen: dict[str, str] = {}
    for link in links(matter.document):
        words = _plain(link.label or "")
        if words and seen.setdefault(words, link.url) != link.url:
            yield Remark(
                link.label_place,
                f"{link.label!r} leads to two different places in this issue",
                "say in each what is different",
            )


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", label.lower()).split())
