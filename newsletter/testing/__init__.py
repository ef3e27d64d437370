"""Factories and fakes for tests, ours and those of whoever builds on the tool."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from newsletter.issue.edition import Edition, Editions, Sibling
from newsletter.issue.template import Escape, Slot, Template
from newsletter.settings import Settings

NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A fixed moment: a Monday morning."""

KEYS: Final = ("a-key-for-tests-only-0123456789abcdef",)


def make_settings(**changes: Any) -> Settings:  # noqa: ANN401 - any setting
    """Make settings that are complete; `changes` replaces whole sections."""
    data: dict[str, Any] = {
        "language": "fi",
        "public_url": "https://kirje.example.fi",
        "sender": {
            "name": "Nelinvoimaa",
            "address": "kirje@example.fi",
            "reply_to": "vastaukset@example.fi",
            "organisation": "Esimerkkikunta",
            "postal_address": "Rantatie 1, 19700 Esimerkkilä",
        },
        "register": {
            "name": {"fi": "Asiakasrekisteri", "sv": "Kundregister", "en": "Customer register"},
            "controller": "Esimerkkikunta",
            "contact": "tietosuoja@example.fi",
        },
        "lists": [
            {
                "id": "uutiskirje",
                "name": {"fi": "Uutiskirje", "sv": "Nyhetsbrev", "en": "Newsletter"},
            }
        ],
        "fields": {"municipality": {"choices": ["Hartola", "Joutsa", "Pertunmaa", "Sysmä"]}},
        "masthead": {"wordmark": "Nelinvoimaa", "accent": "Nelin"},
    }
    return Settings.model_validate(data | changes)


def make_template(*segments: str | Slot) -> Template:
    """Make a template from text and slots."""
    return Template(tuple(segments))


def make_edition(**changes: Any) -> Edition:  # noqa: ANN401 - any field
    """Make a small edition that greets by first name and can be left."""
    name, leave = "first_name", "unsubscribe_url"
    values: dict[str, Any] = {
        "issue": "kevatkirje",
        "language": "fi",
        "variant": "",
        "subject": make_template("Terveisiä, ", Slot(name, Escape.TEXT, "lukija")),
        "html": make_template(
            '<html lang="fi" dir="ltr"><body><p>Hei ',
            Slot(name, Escape.HTML, "lukija"),
            '!</p><p><a href="',
            Slot(leave, Escape.HTML),
            '">Peru tilaus</a></p></body></html>\n',
        ),
        "text": make_template(
            "Hei ", Slot(name, Escape.TEXT, "lukija"), "!\n\nPeru tilaus:\n", Slot(leave), "\n"
        ),
        "web": '<html lang="fi" dir="ltr"><body><p>Hei lukija!</p></body></html>\n',
    }
    return Edition(**(values | changes))


def make_editions(*editions: Edition, conditions: Mapping[str, Any] | None = None) -> Editions:
    """Bundle editions of one issue; `conditions` by language where there are variants.

    Editions with arms are those of a trial.
    """
    found = editions or (make_edition(),)
    arms: dict[str, dict[str, dict[str, Edition]]] = {}
    for edition in found:
        arm = arms.setdefault(edition.arm, {})
        arm.setdefault(edition.language, {})[edition.variant] = edition
    siblings = {
        arm: {
            language: Sibling(tuple((conditions or {}).get(language, ())), variants)
            for language, variants in languages.items()
        }
        for arm, languages in arms.items()
    }
    return Editions(
        issue=found[0].issue,
        fallback=found[0].language,
        siblings=next(iter(siblings.values())),
        arms=siblings if found[0].arm else {},
    )
