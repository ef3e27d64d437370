"""HTML of editions for the rules' tests: sound by itself, broken at one place by each test."""

import re
from collections.abc import Collection
from typing import Any, Final

from newsletter import checks
from newsletter.errors import Finding
from newsletter.issue.edition import Edition
from newsletter.issue.template import Escape, Slot, Template
from newsletter.testing import make_edition, make_settings, make_template
from newsletter.testing.issues import GOOD_ISSUE, make_document

SUBJECT: Final = "Loppuraportti on valmis"
TITLE: Final = f"<title>{SUBJECT}</title>"
ROOT: Final = 'lang="fi" dir="ltr"'
PART: Final = f"<div {ROOT}>"
HEADING: Final = f"<h1>{SUBJECT}</h1>"
LEAVE: Final = Slot("unsubscribe_url", Escape.HTML)
_REGISTER: Final = {
    "fi": "Asiakasrekisteri", "sv": "Kundregister", "en": "Customer register",
}  # fmt: skip


def imprint(language: str = "fi") -> str:
    """Say who sends and where the address is from, as `make_settings` has it."""
    register = _REGISTER.get(language, _REGISTER["fi"])
    return f"Esimerkkikunta, Rantatie 1, 19700 Esimerkkilä. {register}, tietosuoja@example.fi. "


def page(
    head: str = TITLE, body: str = "", *, root: str = ROOT, part: str = PART,
    heading: str = HEADING, leave: str = '<a href="@">Peru tilaus</a>', before: str = "",
    sender: str | None = None,
) -> Template:  # fmt: skip
    """Make the HTML of a mail; @ in `leave` is the way out."""
    start, _, end = leave.partition("@")
    said = re.search(r'lang="(\w+)"', root)
    about = imprint(said[1] if said else "fi") if sender is None else sender
    return make_template(
        f"<!doctype html><html {root}><head>{head}</head>"
        f"<body>{before}{part}{heading}{body}<p>{about}</p>{start}",
        LEAVE,
        f"{end}</div></body></html>",
    )


def sound_edition(**changes: Any) -> Edition:  # noqa: ANN401 - any part of an edition
    """Make an edition that breaks no rule, with the subject of the good issue."""
    parts: dict[str, Any] = {
        "subject": make_template(SUBJECT),
        "html": page(),
        "text": make_template(imprint(changes.get("language", "fi")), Slot("unsubscribe_url")),
    }
    return make_edition(**(parts | changes))


def found_in(
    html: Template, code: str, text: str = GOOD_ISSUE, *, beside: Collection[str] = ()
) -> list[Finding]:
    """Check the good issue with that HTML; give what one rule says.

    The other rules must find nothing, but those named in `beside`: each test breaks one thing.
    """
    social = {"facebook": "https://example.fi/f", "instagram": "https://example.fi/i"}
    said = re.search(r"(?m)^language: (\w+)", text)
    language = said[1] if said else "fi"
    document = make_document(text, name=f"issues/kevatkirje.{language}.yaml")
    edition = sound_edition(html=html, language=language)
    found = checks.check(document, [edition], make_settings(social=social))
    assert {finding.rule for finding in found} <= {code, *beside}, found
    return [finding for finding in found if finding.rule == code]
