"""What newsletter.toml says of `newsletter check`: how serious each rule is taken here."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from newsletter.errors import Family, near
from newsletter.settings.kinds import Section, Word


def _rule(name: str) -> str:
    """Demand a code or a family; whether the code exists is for the catalogue to say."""
    if not re.fullmatch(r"NL\d{3}", name) and name not in set(Family):
        hint = near(name, [family.value for family in Family])
        raise ValueError(f"{name!r} is neither a code (NL423) nor a family of rules; {hint}")
    return name


class Checking(Section):
    """How serious findings are taken here; `newsletter send` keeps to it, too."""

    rules: dict[
        Annotated[str, AfterValidator(_rule)], Literal["off", "note", "warning", "error"]
    ] = Field(default_factory=dict)
    """off, note, warning or error, by code or family: NL423 = "error", links = "note". A code wins
    over its family. What the law demands, and what keeps an issue from being read or rendered,
    stays an error."""
    spelling: bool = False
    """Whether words are looked up in the dictionaries that are installed, and in words.txt."""
    clients: tuple[Word, ...] = ()
    """Mail clients whose gaps are told, by caniemail.com's names: ["gmail", "outlook"]."""
