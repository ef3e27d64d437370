"""The register: who subscribes to what, the proof of it, and who must never be mailed.

`leave` is the one function for all ways out. `audience` finds whom a mailing goes to, `screen` says
at the hand-over who may not be mailed any more, `tokens` signs the links that people leave by.
`records`, `export`, `changing` and `erasing` answer people's rights; `retention` deletes.
"""

from newsletter.register import addresses, audience, entries, subscriptions, suppressions, tokens
from newsletter.register.audience import Person, screen
from newsletter.register.entries import BASES, Entry
from newsletter.register.erasing import Erased, erase, erase_again
from newsletter.register.importing import import_file
from newsletter.register.people import Added, add, remove
from newsletter.register.records import Record, show
from newsletter.register.reports import ImportReport
from newsletter.register.subscriptions import State, leave, restore
from newsletter.register.suppressions import suppress

__all__ = [
    "BASES",
    "Added",
    "Entry",
    "Erased",
    "ImportReport",
    "Person",
    "Record",
    "State",
    "add",
    "addresses",
    "audience",
    "entries",
    "erase",
    "erase_again",
    "import_file",
    "leave",
    "remove",
    "restore",
    "screen",
    "show",
    "subscriptions",
    "suppress",
    "suppressions",
    "tokens",
]
