"""Every mail says who sends it and where the address is from (standards L05, L07)."""

from collections.abc import Iterator

from newsletter.checks.page import marked
from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level
from newsletter.i18n import pick, primary
from newsletter.settings import Settings


@rule("NL476", Level.ERROR, "HTML and text say who sends, and where the address is from")
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
