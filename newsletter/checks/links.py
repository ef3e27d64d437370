"""Links lead somewhere safe and say where (standards T06, C08; WCAG 2.4.4)."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level
from newsletter.issue.texts import url_fault

_VAGUE: Final = (
    "tästä, täältä, täällä, tässä, tähän, tätä, tänne, tämä, tämä linkki, tästä linkistä",
    "tätä linkkiä",
    "linkki, linkin, linkistä, linkin kautta, linkin takana, linkin takaa, tämän linkin kautta",
    "lue, lue lisää, lue lisää tästä, lue lisää täältä, lue tästä, lue täältä, lue koko juttu",
    "lue jatkoa, jatka, jatka lukemista, lisää, lisää tästä, lisää täältä, näytä lisää",
    "katso, katso tästä, katso täältä, katso lisää, tutustu, tutustu tästä, tutustu lisää",
    "klikkaa, klikkaa tästä, klikkaa tähän, klikkaa linkkiä, paina tästä, napauta tästä",
    "lisätietoa, lisätietoja, lisätietoja täältä, lisätietoja tästä, lisätietoja linkistä",
    "lisää tietoa, katso lisätietoja, avaa, avaa linkki, siirry, siirry tästä, sivulla, sivulta",
    "här, hit, denna, denna länk, den här länken, länk, länken, via länken, på länken",
    "läs, läs mer, läs mer här, läs här, läs vidare, läs hela artikeln, läs mera, fortsätt",
    "fortsätt läsa, mer, mera, mer här, mer info, mer information, ytterligare information",
    "klicka, klicka här, klicka på länken, tryck här, se, se mer, se här, visa mer, öppna, gå till",
    "här hittar du mer, mer om detta",
    "here, click, click here, click this link, click the link, tap, tap here, press here, go",
    "read, read more, read more here, read on, read the full story, continue, continue reading",
    "more, more here, more info, more information, further information, details, learn more",
    "find out more, see more, see here, show more, view, open, link, the link, this link",
    "this page",
)
"""Words that name no target, in Finnish, Swedish and English."""
_VAGUE_LABELS: Final = frozenset(label for line in _VAGUE for label in line.split(", "))


@rule(
    "NL421",
    Level.WARNING,
    Family.LINKS,
    "links are encrypted: https",
    why="whoever is on the way can read and change what the reader sees",
    hint="use https:// when the site has it",
)
def links_are_encrypted(matter: Matter) -> Iterator[Remark]:
    """Look for http://."""
    for link in matter.links:
        if link.url.lower().startswith("http://"):
            yield Remark(
                link.url_place,
                "the link is not encrypted (http)",
                "use https:// when the site has it",
            )


@rule(
    "NL422",
    Level.ERROR,
    Family.LINKS,
    "links begin with https, http, mailto or tel",
    why="mail programs take other links out, or run what they name",
    hint="begin links with https://, mailto: or tel:",
)
def links_are_usable(matter: Matter) -> Iterator[Remark]:
    """Look at links inside texts; the others were looked at while reading."""
    for link in matter.links:
        if found := url_fault(link.url):
            yield Remark(link.url_place, *found)


@rule(
    "NL423",
    Level.WARNING,
    Family.LINKS,
    "a link's words say where it leads",
    why="screen readers list the links of a mail without the text around them (WCAG 2.4.4)",
    hint="name the target, e.g. 'Lue loppuraportti'",
)
def words_say_where(matter: Matter) -> Iterator[Remark]:
    """Look for words that mean nothing when a screen reader lists the links."""
    for link in matter.links:
        if link.label is not None and (
            not _plain(link.label) or _plain(link.label) in _VAGUE_LABELS
        ):
            said = f"{link.label!r} does not say" if link.label.strip() else "a link does not say"
            yield Remark(
                link.label_place,
                f"{said} where the link leads",
                "name the target, e.g. 'Lue loppuraportti'",
            )


@rule(
    "NL424",
    Level.WARNING,
    Family.LINKS,
    "the same words lead to one place",
    why="who hears 'Open the report' twice expects the same report (WCAG 2.4.4)",
    hint="say in each what is different",
)
def same_words_same_place(matter: Matter) -> Iterator[Remark]:
    """Look for links with equal words and different targets."""
    seen: dict[str, str] = {}
    for link in matter.links:
        words = _plain(link.label or "")
        if words and seen.setdefault(words, link.url) != link.url:
            yield Remark(
                link.label_place,
                f"{link.label!r} leads to two different places in this issue",
                "say in each what is different",
            )


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", label.lower()).split())
