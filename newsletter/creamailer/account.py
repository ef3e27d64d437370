"""Which account at Creamailer, by which key, and which of our lists are which of theirs."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from newsletter.errors import InputError
from newsletter.settings import Settings

TOKEN: Final = "NEWSLETTER_CREAMAILER_TOKEN"  # noqa: S105 - the variable's name
SECRET: Final = "NEWSLETTER_CREAMAILER_SECRET"  # noqa: S105 - same
_HERE: Final = ("127.0.0.1", "localhost", "::1")
_EXAMPLE: Final = (
    'in newsletter.toml: [creamailer.lists] and below it uutiskirje = "1234", '
    "the number being the one in the list's address at Creamailer"
)


@dataclass(frozen=True, slots=True)
class Account:
    """One key of one account; the secrets never show in its text."""

    url: str
    """Where the API is, without a slash at its end."""
    lists: Mapping[str, str]
    """Our list → the number of theirs."""
    fields: Mapping[str, str]
    """Our field → the name of theirs."""
    calls_per_hour: int
    token: str = field(repr=False)
    secret: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str]) -> Self:
        """Read [creamailer] and the two keys of the environment; raises InputError."""
        chosen = settings.creamailer
        if chosen is None or not chosen.lists:
            raise InputError("no list is joined to one at Creamailer", hint=_EXAMPLE)
        _check_lists(settings, chosen.lists)
        _check_fields(settings, chosen.fields)
        return cls(
            url=_safe(chosen.url.rstrip("/")),
            lists=dict(chosen.lists),
            fields=dict(chosen.fields),
            calls_per_hour=chosen.calls_per_hour,
            token=_key(environment, TOKEN),
            secret=_key(environment, SECRET),
        )

    @property
    def name(self) -> str:
        """Name this key in the database without giving it away: calls are counted by key."""
        return hashlib.sha256(f"{self.url} {self.token}".encode()).hexdigest()[:32]

    def number_of(self, list_id: str) -> str:
        """Give the number of the list at Creamailer that is this list of ours."""
        return self.lists[list_id]


def _check_lists(settings: Settings, lists: Mapping[str, str]) -> None:
    for ours, number in lists.items():
        settings.list_named(ours)
        if not re.fullmatch(r"[0-9]{1,18}", number):
            raise InputError(
                f"{number!r} is no list number ([creamailer.lists] {ours})", hint=_EXAMPLE
            )
    if len(set(lists.values())) < len(lists):
        raise InputError(
            "two lists are joined to the same list at Creamailer",
            hint="a list there can be in step with one list here only ([creamailer.lists])",
        )


def _check_fields(settings: Settings, fields: Mapping[str, str]) -> None:
    for ours in fields:
        if ours not in settings.field_names:
            raise InputError(
                f"no field named {ours!r} ([creamailer.fields])",
                hint=f"known are: {', '.join(settings.field_names)}",
            )


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        raise InputError(
            "[creamailer] url must begin with https://",
            hint="people's addresses and the key travel with every call",
        )
    return url


def _key(environment: Mapping[str, str], variable: str) -> str:
    key = environment.get(variable, "")
    if not key:
        raise InputError(
            f"{variable} is not set",
            hint="make a key with the right to write in Creamailer (Settings → API) and set "
            f"{TOKEN} and {SECRET} in the environment",
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError(
            f"the key in {variable} holds a space, a line break or a character outside ASCII",
            hint="copy it again, without quotes and without the end of the line",
        )
    return key
