"""A good issue as text, and issues made from it."""

from collections.abc import Sequence
from typing import Any, Final

from newsletter.issue import read
from newsletter.issue.document import Document
from newsletter.issue.issue import Issue
from newsletter.settings import STANDARD_FIELDS

FIELDS: Final = (*STANDARD_FIELDS, "municipality")
"""The personal fields of `make_settings`."""

GOOD_ISSUE: Final = """\
subject: Loppuraportti on valmis
preheader: Mitä kahdessa vuodessa saatiin aikaan?
language: fi
lists: [uutiskirje]
blocks:
  - heading: Loppuraportti on valmis
  - text: |
      Hei {{ first_name | default("hyvä lukija") }}, hanke on päättynyt.

      Kaksi vuotta **neljän kunnan** yhteistyötä: lue
      [tiedote hankkeesta](https://example.fi/tiedote).
  - heading: {text: Mitä opittiin, kicker: Tulokset}
  - list:
      intro: Hankkeen toimenpiteillä onnistuttiin
      items:
        - Lisäämään ymmärrystä alueen tarpeista
        - Vahvistamaan yrittäjyyttä
  - image: {src: images/torit.jpg, alt: Väkeä työtorilla, caption: Työtori Sysmässä}
  - button: {label: Lue loppuraportti, url: "https://example.fi/loppuraportti.pdf"}
  - divider
  - text: {body: Tervetuloa Sysmän torille!, when: {municipality: Sysmä}}
  - byline: {author: Aino Esimerkki, role: hankekoordinaattori}
  - links:
      - {label: Hankkeen sivut, url: "https://example.fi/"}
      - {label: Kirjoita meille, url: "mailto:hanke@example.fi"}
  - contacts:
      - {name: Aino Esimerkki, role: hankekoordinaattori, phone: 0401234567, email: aino@example.fi}
  - logos:
      - {src: images/kunta.png, alt: Esimerkkikunta, url: "https://example.fi/"}
  - funding: {programme: esr-plus, period: 2023-2025}
"""


def make_document(
    text: str = GOOD_ISSUE,
    *,
    name: str = "issues/kevatkirje.fi.yaml",
    fields: Sequence[str] = FIELDS,
    default_language: str = "fi",
) -> Document:
    """Read an issue from YAML text; raises FindingsError when it has faults."""
    return read(text.encode(), name, fields=fields, default_language=default_language)


def make_issue(**changes: Any) -> Issue:  # noqa: ANN401 - any part of an issue, as YAML has it
    """Make the good issue with other parts: `make_issue(subject="Hei", blocks=[{"heading": "A"}])`.

    Values are what YAML would give; raises pydantic's ValidationError when they are no issue.
    """
    data = {**make_document().source.data, **changes}
    return Issue.model_validate(data, context={"fields": FIELDS})
