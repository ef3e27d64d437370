"""newsletter.toml: what a workspace is set to. Never a secret: those come from the environment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator

from newsletter.errors import InputError, near
from newsletter.settings.checking import Checking
from newsletter.settings.images import ImageBucket, ImageFolder, Images
from newsletter.settings.kinds import (
    Address,
    Domain,
    Language,
    LeaveAddress,
    Line,
    PublicAddress,
    Section,
    TimeZone,
    WebAddress,
    Word,
)
from newsletter.settings.public import Accessibility, Funding, Masthead, Privacy, Web
from newsletter.settings.register import (
    LINK_FIELDS,
    STANDARD_FIELDS,
    Bounces,
    Creamailer,
    FieldChoice,
    List,
    Register,
    Retention,
    Subscribing,
)
from newsletter.settings.sending import SendingRules
from newsletter.theme import Theme
from newsletter.toml_reading import read

__all__ = [
    "STANDARD_FIELDS",
    "Accessibility",
    "Bounces",
    "Checking",
    "Creamailer",
    "FieldChoice",
    "Funding",
    "ImageBucket",
    "ImageFolder",
    "Images",
    "List",
    "Privacy",
    "Register",
    "Retention",
    "Sender",
    "SendingRules",
    "Settings",
    "Subscribing",
]


class Sender(Section):
    """Who sends, as headers and footer say it."""

    name: Line
    """The display name in the inbox."""
    address: Address
    """The address of the From field; its domain is the provider's sending domain."""
    reply_to: Address | None = None
    """Where answers go, when not to the sender's address; somebody should read it."""
    organisation: Line
    """On whose behalf the mail is sent."""
    postal_address: Line
    """The organisation's postal address."""
    leave_address: LeaveAddress | None = None
    """A mailbox for leaving by mail, e.g. peru@kirje.example.fi: PART+anything@ must reach it, and
    `newsletter subscribers receive` reads it. Default: leaving by link only."""


class Database(Section):
    """Where the register and the ledger are."""

    url: str = "sqlite:///subscribers/register.sqlite3"
    """sqlite:///FILE, from the workspace; NEWSLETTER_DATABASE_URL in the environment wins."""


class Settings(Section):
    """All of newsletter.toml."""

    language: Language = "fi"
    """The language of issues and people that name none."""
    languages: tuple[Language, ...] = ()
    """The languages that every issue should have; `newsletter check` misses the others."""
    time_zone: TimeZone = "Europe/Helsinki"
    """Where the times of events are meant, e.g. Europe/Helsinki."""
    public_url: PublicAddress
    """Where the web app is reached, e.g. https://kirje.example.fi, without a slash at the end."""
    list_domain: Domain | None = None
    """The domain of List-Id; never change it. Default: that of the sender's address."""
    sender: Sender
    """Who sends, as headers and footer say it."""
    register_: Register = Field(alias="register")
    lists: tuple[List, ...] = Field(min_length=1)
    fields: dict[Word, FieldChoice] = Field(default_factory=dict)
    provider: Word = "outbox"
    """Which provider sends new mailings; a mailing keeps the one that it was planned with."""
    providers: dict[Word, dict[str, Any]] = Field(default_factory=dict)
    """Each provider's own settings, as [providers.NAME]; the provider itself checks them."""
    database: Database = Database()
    masthead: Masthead
    theme: Theme = Theme()
    images: Images = Images()
    subscribe: Subscribing = Subscribing()
    bounces: Bounces = Bounces()
    retention: Retention = Retention()
    sending: SendingRules = SendingRules()
    check: Checking = Checking()
    privacy: Privacy = Privacy()
    accessibility: Accessibility = Accessibility()
    funding: Funding | None = None
    web: Web = Web()
    creamailer: Creamailer | None = None
    social: dict[Word, WebAddress] = Field(default_factory=dict)
    """Channels by name, in the order of the footer: facebook = "https://…"."""

    @field_validator("fields")
    @classmethod
    def _new(cls, fields: dict[str, FieldChoice]) -> dict[str, FieldChoice]:
        if taken := set(fields) & {*STANDARD_FIELDS, "address", "email", "kind"}:
            raise ValueError(f"every subscriber has {', '.join(sorted(taken))} already")
        if taken := set(fields) & LINK_FIELDS:
            raise ValueError(f"{', '.join(sorted(taken))}: each mail has a link of that name")
        return fields

    @field_validator("lists")
    @classmethod
    def _once(cls, lists: tuple[List, ...]) -> tuple[List, ...]:
        ids = [item.id for item in lists]
        if double := {item for item in ids if ids.count(item) > 1}:
            raise ValueError(f"{', '.join(sorted(double))} is declared twice")
        return lists

    @property
    def field_names(self) -> tuple[str, ...]:
        """Every personal field that texts and conditions may use."""
        return (*STANDARD_FIELDS, *self.fields)

    def list_named(self, name: str) -> List:
        """Find a list by its id; raises InputError with the near names."""
        for item in self.lists:
            if item.id == name:
                return item
        raise InputError(
            f"no list named {name!r}", hint=near(name, [item.id for item in self.lists])
        )

    def lists_named(self, names: Sequence[str] | None) -> tuple[str, ...]:
        """Check list ids; without any, the only list there is. Raises InputError."""
        if names:
            return tuple(dict.fromkeys(self.list_named(name).id for name in names))
        if len(self.lists) == 1:
            return (self.lists[0].id,)
        raise InputError(
            "there are several lists; say which one",
            hint=" or ".join(f"--list {item.id}" for item in self.lists),
        )

    @property
    def public_lists(self) -> tuple[List, ...]:
        """The lists that the public form offers."""
        return tuple(item for item in self.lists if item.public)

    def bounces_of(self, list_id: str) -> Bounces:
        """Give the rules for bounces of a list, also of one that is declared no more."""
        own = next((item.bounces for item in self.lists if item.id == list_id), None)
        return own or self.bounces

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read and check a newsletter.toml; raises FindingsError with every fault and its place."""
        return read(cls, file)
