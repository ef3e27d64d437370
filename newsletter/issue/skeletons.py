"""The words of a new issue, which its writer replaces: whoever leaves them in has not finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What stands in a new issue of one language."""

    about: str
    """A comment on the preheader."""
    preheader: str
    audience: str
    """A comment on who gets it."""
    blocks: str
    """A comment on the blocks."""
    lead: str
    heading: str
    body: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The texts that readers would get."""
        return (self.preheader, self.lead, self.heading, self.body)


SKELETONS: Final[Mapping[str, Skeleton]] = {
    "fi": Skeleton(
        "# Mitä postilaatikossa näkyy otsikon vieressä; 40–90 merkkiä.",
        "Kirjoita tähän, miksi kirje kannattaa avata",
        "# Kenelle: jätä pois, jos kaikille. where: {municipality: Sysmä}",
        "# Osat ylhäältä alas. Kaikki osat: esittely.fi.yaml tai newsletter schema ja editori.",
        "Kirjoita tähän ingressi.",
        "Ensimmäinen juttu",
        "Kirjoita tähän. **Lihavointi**, *korostus* ja [Sysmän kunnan sivut](https://www.sysma.fi/).",
    ),
    "sv": Skeleton(
        "# Det som syns bredvid ämnet i inkorgen; 40–90 tecken.",
        "Skriv här varför brevet är värt att öppna",
        "# Till vem: lämna bort om till alla. where: {municipality: Sysmä}",
        "# Delarna uppifrån ned. Alla delar: esittely.sv.yaml eller newsletter schema och editorn.",
        "Skriv ingressen här.",
        "Första artikeln",
        "Skriv här. **Fet stil**, *betoning* och [Sysmä kommuns sidor](https://www.sysma.fi/).",
    ),
    "en": Skeleton(
        "# What inboxes show beside the subject; 40 to 90 characters.",
        "Write here why the letter is worth opening",
        "# Who gets it: leave it out for everybody. where: {municipality: Sysmä}",
        "# The blocks from top to bottom. All of them: newsletter schema and your editor.",
        "Write the lead here.",
        "The first story",
        "Write here. **Bold**, *emphasis* and [the pages of Sysmä](https://www.sysma.fi/).",
    ),
}
"""By language."""
