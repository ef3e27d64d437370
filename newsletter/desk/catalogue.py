"""The catalogue: every code that `newsletter check` can say, and what is to be known of it."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from newsletter import checks
from newsletter.desk import allowing, dead_links, faults, siblings, spelling, trials, weight
from newsletter.errors import Entry, Family, InputError
from newsletter.issue.rules import Rule

FAMILIES: Final[Mapping[Family, str]] = {
    Family.SCHEMA: "The file and what it is made of",
    Family.PERSONAL: "Personal fields and what stands in for them",
    Family.NAMES: "Names that the settings must know",
    Family.ACCESSIBILITY: "Accessibility",
    Family.SUBJECT: "Subject and preheader",
    Family.LINKS: "Links",
    Family.IMAGES: "Images",
    Family.LANGUAGE: "Language",
    Family.TRANSLATION: "The languages of one issue beside each other",
    Family.DATES: "Dates",
    Family.WRITING: "Slips of the pen",
    Family.SIZE: "Size",
    Family.CLIENTS: "Mail clients",
    Family.SAFETY: "Safety",
    Family.LAW: "What the law and the mailbox providers demand",
    Family.SEQUENCES: "Sequences",
    Family.EXCEPTIONS: "Exceptions that are allowed in a file",
}
"""What each family is about, in the order of the documentation."""
_OWN: Final = (faults, trials, weight, siblings, spelling, dead_links, allowing)
"""The modules of the desk that find something themselves: their entries are constants of theirs."""


@cache
def catalogue() -> Mapping[str, Entry]:
    """Give every entry by its code, in order."""
    own = (value for module in _OWN for value in vars(module).values() if isinstance(value, Entry))
    looked = (rule.entry for rule in checks.rules().values())
    found = [*(rule.entry for rule in Rule), *looked, *own]
    return {entry.code: entry for entry in sorted(found, key=lambda entry: entry.code)}


def look_up(code: str) -> Entry:
    """Find an entry, in any case of letters; raises InputError with the near codes."""
    known = catalogue()
    if entry := known.get(code.strip().upper()):
        return entry
    raise InputError(f"no rule {code!r}", hint=allowing.near_codes(code, known))
