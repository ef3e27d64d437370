"""Taking an application in: what the page and the JSON endpoint have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from newsletter.register import limits, requests, terms
from newsletter.register.entries import Entry
from newsletter.settings import Settings
from newsletter.web.site import Site

SOON: Final = 3600
"""Seconds after which a network may send in forms again (Retry-After)."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who sends a form in, and from where."""

    network: str
    form: str
    """The form's web address."""
    method: str
    language: str
    """The language in which they were told what they agree to."""


def is_open(settings: Settings) -> bool:
    """Tell whether people can subscribe by themselves."""
    return settings.subscribe.open and bool(settings.public_lists)


def network_of(request: Request) -> str:
    """Give the network address of whoever asks."""
    return request.client.host if request.client else ""


async def take(
    site: Site, entry: Entry, lists: Sequence[str], offered: Sequence[str], asker: Asker
) -> str:
    """Take an application in and queue its mail; give what is wrong with the address, if anything.

    `answered` is for whoever answers then.

    `offered` are the lists that the consent named. Raises HTTPException 429 when too many came
    from that network.
    """
    await count(site, asker.network)
    if fault := await unreachable(site, entry.address, asker.language):
        return fault
    now, keys = site.clock(), site.keys

    def ask(connection: Connection) -> None:
        settings = site.settings
        wording, notice = terms.keep(connection, settings, offered, asker.language, now=now)
        application = requests.Application(
            address=entry.address,
            language=entry.language,
            lists=tuple(lists),
            values=_filled(entry),
            wording=wording,
            notice=notice,
            form=asker.form,
            method=asker.method,
        )
        requests.ask(
            connection, application, settings=settings, tokens=site.tokens, now=now, keys=keys
        )

    await site.writer.write(ask)
    return ""


def answered(site: Site, response: Response) -> Response:
    """Have the mail of a form delivered once its answer has gone.

    To write a mail takes many times as long as the answer: beside it, that would be late for those
    alone whom a mail may be sent to.
    """
    response.background = BackgroundTask(site.wake)
    return response


async def unreachable(site: Site, address: str, language: str) -> str:
    """Say what is wrong with an address whose domain takes no mail; empty when nothing is."""
    if not site.settings.subscribe.check_domains:
        return ""
    # The DNS may be slow: its answer is waited for in a thread.
    fault = await run_in_threadpool(site.domain_fault, address.rpartition("@")[2])
    return fault.said(language) if fault else ""


async def count(site: Site, network: str) -> None:
    """Count a form from a network; raises HTTPException 429 when there are too many."""
    now, keys = site.clock(), site.keys

    def one_more(connection: Connection) -> bool:
        return limits.network_may(connection, network, settings=site.settings, keys=keys, now=now)

    if not await site.writer.write(one_more):
        raise HTTPException(429, headers={"Retry-After": str(SOON)})


def _filled(entry: Entry) -> dict[str, str]:
    values = {"first_name": entry.first_name, "last_name": entry.last_name, **entry.fields}
    return {name: value for name, value in values.items() if value}
