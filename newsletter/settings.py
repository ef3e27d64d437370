"""newsletter.toml: what a workspace is set to. Never a secret: those come from the environment."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
)

from newsletter.errors import InputError, near
from newsletter.i18n import Localised
from newsletter.theme import Theme
from newsletter.toml_reading import BRANCH, read


def _like(pattern: str, words: str) -> AfterValidator:
    """Demand a pattern, and say it to people in words."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} does not fit; {words}")
        return value

    return AfterValidator(check)


def _line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
        raise ValueError("the text must stand on one line, without control characters")
    if not value.strip():
        raise ValueError("the text is empty")
    return value.strip()


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s<>\"'\x00-\x1f]", value):
        raise ValueError(f"{value!r} is no web address, e.g. https://kirje.example.fi")
    return value


def _base(value: str) -> str:
    if value.endswith("/"):
        raise ValueError("the address ends with a slash; leave it out")
    if re.search(r"[?#@]", value):
        raise ValueError("the address must have no ?, # or @: pages are added at its end")
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
        raise ValueError("https:// is needed: mail services take no other link to unsubscribe")
    return value


_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
"""Where http:// does for a trial: RFC 8058 wants https of everybody else."""
_DOMAIN = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"

Word = Annotated[
    str,
    _like(r"[a-z][a-z0-9_-]{0,62}", "use small letters a–z, digits, - and _, a letter first"),
]
Language = Annotated[str, _like(r"[a-z]{2,3}", "name a language by its code: fi, sv, en …")]
Line = Annotated[str, AfterValidator(_line)]
"""Text of one line: what stands in a header may hold no line break and no control character."""
Domain = Annotated[str, _like(_DOMAIN, "a domain is e.g. kirje.example.fi")]
Address = Annotated[
    str,
    _like(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_DOMAIN}", "a mail address is e.g. me@example.fi"),
]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PublicAddress = Annotated[WebAddress, AfterValidator(_base)]
Lines = Annotated[
    Annotated[Line, Tag(f"{BRANCH}one")]
    | Annotated[dict[Language, Line], Field(min_length=1), Tag(f"{BRANCH}each")],
    Discriminator(lambda value: f"{BRANCH}{'each' if isinstance(value, dict) else 'one'}"),
]
"""A line that is the same in every language, or one per language: it stands in headers, too."""


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        hint = near(name, available_timezones()) if name else ""
        hint = hint if hint.startswith("did you mean") else "e.g. Europe/Helsinki"
        raise ValueError(f"no time zone {name!r}; {hint}") from error
    return name


TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""A name of the IANA time zone database."""

STANDARD_FIELDS = ("first_name", "last_name", "language")
"""Fields that every subscriber has, beside those that [fields] declares."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Sender(_Section):
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


class Register(_Section):
    """Where the addresses come from: the footer's `osoitelähde` (GDPR art. 14(2)(f))."""

    name: Lines
    """What the register is called."""
    controller: Line
    """Who answers for it (the data controller)."""
    contact: Line
    """Where readers can ask about their data: a mail or web address."""


class List(_Section):
    """One list that people can subscribe to."""

    id: Word
    """How files and commands name it; stands in List-Id, so it never changes."""
    name: Lines
    """How readers know it."""


class FieldChoice(_Section):
    """A field of subscribers that the workspace adds, e.g. the municipality."""

    label: Localised = ""
    """How readers know it."""
    choices: tuple[str, ...] = ()
    """Empty: any text."""


class Database(_Section):
    """Where the register and the ledger are."""

    url: str = "sqlite:///subscribers/register.sqlite3"
    """sqlite:///FILE, from the workspace; NEWSLETTER_DATABASE_URL in the environment wins."""


class Masthead(_Section):
    """The head of every mail: a wordmark whose first part is coloured, and a line beside it."""

    wordmark: Line
    """The name at the head."""
    accent: str = ""
    """The start of the wordmark that takes the accent colour."""
    tagline: Localised = ""
    """The line beside it."""
    logo: str | None = None
    """An image that stands in for the wordmark, e.g. issues/images/logo.png, or with https://."""
    logo_alt: Line | None = None
    """What the logo says, for whoever does not see it; default: the wordmark."""


class ImageFolder(_Section):
    """A folder that a web server of your own shows."""

    path: Line
    """Where it is; a relative path counts from the workspace."""
    base_url: PublicAddress
    """The address under which readers find its files, e.g. https://kuvat.example.fi/kirje."""


class ImageBucket(_Section):
    """A bucket of an S3-compatible service.

    Its keys are in NEWSLETTER_S3_KEY_ID and NEWSLETTER_S3_SECRET in the environment.
    """

    bucket: Annotated[
        str, _like(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", "name a bucket, e.g. kirjeen-kuvat")
    ]
    """Its name."""
    base_url: PublicAddress
    """The address under which readers find the bucket's objects."""
    endpoint: WebAddress | None = None
    """The service's address, when it is not Amazon's."""
    region: Word = "us-east-1"
    """The service's region; some services want "auto"."""
    prefix: Annotated[
        str, _like(r"([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?", "name a folder, e.g. kirje")
    ] = ""
    """The folder inside the bucket, e.g. kirje."""


class Images(_Section):
    """Where the images of mails lie."""

    hosting: Word = "web"
    """web: served by `newsletter serve`; folder; s3; cid: inside the mails themselves."""
    folder: ImageFolder | None = None
    s3: ImageBucket | None = None


class Settings(_Section):
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
    social: dict[Word, WebAddress] = Field(default_factory=dict)
    """Channels by name, in the order of the footer: facebook = "https://…"."""

    @field_validator("fields")
    @classmethod
    def _new(cls, fields: dict[str, FieldChoice]) -> dict[str, FieldChoice]:
        if taken := set(fields) & {*STANDARD_FIELDS, "address", "email", "kind"}:
            raise ValueError(f"every subscriber has {', '.join(sorted(taken))} already")
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

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read and check a newsletter.toml; raises FindingsError with every fault and its place."""
        return read(cls, file)
