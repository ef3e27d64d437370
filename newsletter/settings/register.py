"""What newsletter.toml says of lists, fields and the people in the register."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from newsletter.i18n import Localised
from newsletter.settings.kinds import Line, Lines, Section, WebAddress, Word

STANDARD_FIELDS = ("first_name", "last_name", "language")
"""Fields that every subscriber has, beside those that [fields] declares."""

UNSUBSCRIBE: Final = "unsubscribe_url"
PREFERENCES: Final = "preferences_url"
LEAVE_TOKEN: Final = "leave_token"  # noqa: S105 - the name of a field
"""Joins the mailbox of `leave_address`; stands in a header only."""
LINK_FIELDS: Final = frozenset({UNSUBSCRIBE, PREFERENCES, LEAVE_TOKEN})
"""Open places of a mail that the tool fills, with links of each recipient's own."""


class Register(Section):
    """Where the addresses come from: the footer's `osoitelähde` (GDPR art. 14(2)(f))."""

    name: Lines
    """What the register is called."""
    controller: Line
    """Who answers for it (the data controller)."""
    contact: Line
    """Where readers can ask about their data: a mail or web address."""


class Bounces(Section):
    """When an address that fails is mailed no more (project rules B03–B05)."""

    hard: Annotated[int, Field(ge=1, le=100)] = 1
    """Hard bounces in a row after which the address is suppressed; those of one day count once."""
    soft: Annotated[int, Field(ge=1, le=1000)] = 5
    """Soft bounces in a row, over at least `soft_days`, after which it is paused; those of one day
    count once."""
    soft_days: Annotated[int, Field(ge=0, le=3650)] = 30
    """The days that the soft bounces must span."""
    probe_days: Annotated[int, Field(ge=1, le=3650)] = 14
    """How long the pause lasts; if the mail after it fails too, the address is suppressed."""


class List(Section):
    """One list that people can subscribe to."""

    id: Word
    """How files and commands name it; stands in List-Id, so it never changes."""
    name: Lines
    """How readers know it."""
    description: Localised = ""
    """What it brings and how often: stands beside its box in the form."""
    public: bool = True
    """Whether the public form offers it."""
    bounces: Bounces | None = None
    """Its own rules for bounces; default: those of [bounces]."""


class FieldChoice(Section):
    """A field of subscribers that the workspace adds, e.g. the municipality."""

    label: Localised = ""
    """How readers know it."""
    type: Literal["text", "number", "date", "yes_no"] = "text"
    """What its values are: "12", "2026-03-02", "yes" or "no"; text may have `choices`."""
    choices: tuple[str, ...] = ()
    """Empty: any value of the type."""
    ask: bool = False
    """Whether the form and the preferences page ask for it; it may always be left empty."""

    @model_validator(mode="after")
    def _choices_of_text(self) -> Self:
        if self.choices and self.type != "text":
            raise ValueError(
                f'choices go with type = "text" only, not with "{self.type}"; leave one of them out'
            )
        return self


class Subscribing(Section):
    """The public form for subscribing, with double opt-in."""

    open: bool = True
    """Whether people can subscribe by themselves."""
    names: bool = False
    """Whether the form asks for first and last name; they may always be left empty."""
    wording: Localised = ""
    """What people agree to; default: a sentence of the tool's own that names lists and sender."""
    confirm_days: Annotated[int, Field(ge=1, le=60)] = 7
    """How long the link in the confirmation mail works."""
    minimum_seconds: Annotated[int, Field(ge=0, le=60)] = 2
    """A form filled in faster than this is shown again: no person is that quick."""
    per_address_day: Annotated[int, Field(ge=1, le=100)] = 1
    """Mails that one address gets for forms filled in with it, in 24 hours."""
    per_address_month: Annotated[int, Field(ge=1, le=1000)] = 3
    """The same in 30 days."""
    per_network_hour: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Forms that are taken from one network address (IPv6: one /64) in an hour."""
    check_domains: bool = True
    """Whether the form asks the DNS if the address's domain takes mail."""
    welcome: bool = True
    """Whether a mail confirms that the subscription stands and how to end it."""
    origins: tuple[WebAddress, ...] = ()
    """Web sites whose scripts may use the JSON endpoint, e.g. https://www.kunta.fi."""


class Retention(Section):
    """How long what is no longer needed is kept (GDPR art. 5(1)(e)); `newsletter retention`."""

    events_months: Annotated[int, Field(ge=1, le=120)] = 12
    """What providers told: delivered, bounced, complained."""
    left_months: Annotated[int, Field(ge=1, le=240)] = 24
    """Who has left all lists is erased after this; only a keyed hash stays."""
    replies_days: Annotated[int, Field(ge=30, le=3650)] = 90
    """Confirmation and other mails of the service, sent or not."""
    expired_days: Annotated[int, Field(ge=0, le=365)] = 30
    """A link that nobody used in time: so much longer its reader can ask there for a new one."""
    audit_months: Annotated[int, Field(ge=6, le=240)] = 60
    """Who looked up, exported or changed what."""


class Creamailer(Section):
    """An account at Creamailer to be kept in step; its keys come from the environment.

    NEWSLETTER_CREAMAILER_TOKEN and NEWSLETTER_CREAMAILER_SECRET.
    """

    url: WebAddress = "https://api.cmfile.net/v2/api"
    """Where its API is."""
    lists: dict[Word, Line] = Field(default_factory=dict)
    """Our list = the number of the list there, e.g. uutiskirje = "1234"."""
    fields: dict[Word, Line] = Field(default_factory=dict)
    """Our field = the field's name there, e.g. municipality = "kunta"."""
    tags: dict[Word, Line] = Field(default_factory=dict)
    """Our field = the mark that its editor fills in, e.g. first_name = "[etunimi]"; its links may
    have marks, too: unsubscribe_url, preferences_url, view_url."""
    calls_per_hour: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Calls that the account may make in an hour."""
