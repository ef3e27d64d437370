"""What an EU-funded project must say beside the emblem, by programme and language.

One wording for all funds of 2021-2027: the name of the fund is left out. Regulation (EU) 2021/1060
art. 47 and Annex IX; rakennerahastot.fi, instructions on communication.
"""

from collections.abc import Mapping
from typing import Final

_CO_FUNDED: Final[Mapping[str, str]] = {
    "fi": "Euroopan unionin osarahoittama",
    "sv": "Medfinansieras av Europeiska unionen",
    "en": "Co-funded by the European Union",
}

PROGRAMMES: Final[Mapping[str, Mapping[str, str]]] = {
    "esr-plus": _CO_FUNDED,
    "eakr": _CO_FUNDED,
    "jtf": _CO_FUNDED,
}
"""Programme → language → statement."""


def statement(programme: str, language: str) -> str:
    """Say the funding statement of a programme; English where the language has none.

    Raises KeyError for an unknown programme.
    """
    wordings = PROGRAMMES[programme]
    return wordings.get(language, wordings["en"])
