"""A good issue as text, and issues made from it."""

from collections.abc import Mapping, Sequence
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

GOOD_BLOCKS: Final = """\
subject: Kevään tapahtumat
preheader: Seminaari, tori ja uusi raportti
language: fi
contents: true
blocks:
  - heading: Kevään tapahtumat
  - note: {tone: warning, body: "Ilmoittaudu **viimeistään** maanantaina."}
  - heading: Uutisia
  - article:
      title: Loppuraportti ilmestyi
      image: {src: images/torit.jpg, alt: Väkeä työtorilla}
      body: |
        Hei {{ first_name | default("hyvä lukija") }}, raportti on luettavissa
        [hankkeen sivuilla](https://example.fi/hanke).
      url: https://example.fi/loppuraportti
      label: Lue loppuraportti
  - columns:
      - - heading: Kunnille
        - text: Kokouksen **asialista** on valmis.
        - text: {body: Sysmässä on tori., when: {municipality: Sysmä}}
      - - quote: {text: Kannatti lähteä mukaan!, source: Aino Esimerkki}
        - button: {label: Katso ohjelma, url: "https://example.fi/ohjelma"}
        - links: [{label: Hankkeen sivut, url: "https://example.fi/"}]
  - facts:
      - {value: 4, label: kuntaa}
      - {value: 1 200, label: osallistujaa}
      - {value: 98 %, label: suosittelee}
  - event:
      title: Loppuseminaari
      starts: 2026-03-04T18:00
      ends: 2026-03-04 20:00
      place: Sysmän kunnantalo
      url: https://example.fi/seminaari
      body: Kahvi on **katettu** klo 17.30.
  - event: {title: Hyvinvointiviikko, starts: 2026-05-04, ends: 2026-05-08}
  - table:
      caption: Osallistujat kunnittain
      header: [Kunta, Osallistujia, Muutos]
      rows:
        - [Hartola, 120, +3 %]
        - [Joutsa, 1 004, ""]
  - columns:
      columns:
        - [{text: Yksi}]
        - [{snippet: yhteystiedot}]
        - [divider]
      when: {municipality: [Sysmä, Joutsa]}
      lang: sv
  - snippet: yhteystiedot
"""
"""Every block that GOOD_ISSUE does not have; its snippet is one of GOOD_SNIPPETS."""

GOOD_SNIPPETS: Final = {
    "yhteystiedot": """\
- text: Kysy lisää, {{ first_name | default("lukija") }}!
- contacts:
    - {name: Aino Esimerkki, phone: 0401234567, email: aino@example.fi}
""",
}


class Shelf(dict[str, str]):
    """Snippets by name, as YAML text, where the desk has folders."""

    def load(self, name: str) -> tuple[str, bytes] | None:
        """Give a snippet with the name of its file."""
        return (f"snippets/{name}.yaml", self[name].encode()) if name in self else None

    def names(self) -> Sequence[str]:
        """List the names of all snippets."""
        return sorted(self)


def make_document(
    text: str = GOOD_ISSUE,
    *,
    name: str = "issues/kevatkirje.fi.yaml",
    fields: Sequence[str] = FIELDS,
    default_language: str = "fi",
    snippets: Mapping[str, str] = GOOD_SNIPPETS,
) -> Document:
    """Read an issue from YAML text; raises FindingsError when it has faults."""
    return read(
        text.encode(),
        name,
        fields=fields,
        default_language=default_language,
        snippets=Shelf(snippets),
    )


def make_issue(**changes: Any) -> Issue:  # noqa: ANN401 - any part of an issue, as YAML has it
    """Make the good issue with other parts: `make_issue(subject="Hei", blocks=[{"heading": "A"}])`.

    Values are what YAML would give; raises pydantic's ValidationError when they are no issue.
    """
    data = {**make_document().source.data, **changes}
    return Issue.model_validate(data, context={"fields": FIELDS})
