"""Every mail says who sends it and where the address is from (standards L05, L07)."""

import re
from collections.abc import Iterator
from typing import Final

from newsletter.checks.page import marked
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Family, Level, Place
from newsletter.i18n import pick, primary
from newsletter.issue.blocks import Funding
from newsletter.settings import Settings

_SETTINGS: Final = "newsletter.toml"
_NOBODY: Final = re.compile(
    r"(?:no|do-?not|ala|älä|ei)[-_.]?(?:reply|respond|vastaa|svar)", re.IGNORECASE
)


@rule(
    "NL476",
    Level.ERROR,
    Family.LAW,
    "HTML and text say who sends, and where the address is from",
    why="no mail may hide who sends it or where the address is from (917/2014 §203; GDPR 14)",
    hint="the footer of the templates must show sender and register",
)
def sender_is_said(matter: Matter) -> Iterator[Remark]:
    """Look for the organisation, its postal address and the register in both parts."""
    for edition, page in zip(matter.editions, matter.pages, strict=True):
        body = page.first("body")
        wanted = dict.fromkeys(_wanted(matter.settings, edition.language))
        parts = {"HTML": body.words() if body else "", "text": marked(edition.text)}
        for name, text in parts.items():
            seen = _joined(text)
            if missing := [repr(said) for said in wanted if _joined(said) not in seen]:
                yield Remark(
                    matter.place(),
                    f"the {name} part does not say {', '.join(missing)}",
                    "the footer of the templates must show sender and register",
                )


def _wanted(settings: Settings, language: str) -> Iterator[str]:
    register = settings.register_
    yield settings.sender.organisation
    yield settings.sender.postal_address
    yield pick(register.name, language=primary(language), fallback=settings.language)
    yield register.controller
    yield register.contact


def _joined(text: str) -> str:
    """Leave out what wrapping changes."""
    return "".join(text.split())


@rule(
    "NL477",
    Level.WARNING,
    Family.LAW,
    "somebody reads the answers",
    why="people answer mails, some of them to leave; receivers distrust addresses without a reader",
    hint="set reply_to in [sender] of newsletter.toml to a mailbox that somebody reads",
    fixed=False,
)
def answers_are_read(matter: Matter) -> Iterator[Remark]:
    """Look for no-reply in the address that answers go to."""
    sender = matter.settings.sender
    address = sender.reply_to or sender.address
    if _NOBODY.match(address):
        yield Remark(Place(_SETTINGS), f"answers go to {address}, where nobody reads them")


@rule(
    "NL478",
    Level.NOTE,
    Family.LAW,
    "an EU-funded project shows the emblem and the statement",
    why="who is funded must say so wherever it speaks of the work (Reg. (EU) 2021/1060 art. 50)",
    hint="add '- funding: …' at the end, without a condition",
    fixed=False,
    whole=True,
)
def funding_is_shown(matter: Matter) -> Iterator[Remark]:
    """Look for a funding block that everybody sees, where the settings name a programme."""
    funding = matter.settings.funding
    blocks = [block for _, block in matter.document.issue.walk() if isinstance(block, Funding)]
    if funding and not any(not block.when for block in blocks):
        message = f"not everybody sees that {funding.programme} funds the work"
        yield Remark(matter.document.key_place(("blocks",)), message)
