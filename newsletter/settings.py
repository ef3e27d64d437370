"""newsletter.toml: what a workspace is set to. Never a secret: those come from the environment."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from newsletter.errors import Finding, FindingsError, InputError, Level, Place, near
from newsletter.i18n import Localised

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
    ),
]
"""Text of one line: what stands in a header may hold no line break and no control character."""
Address = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"
    ),
]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"']+$")]

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

    name: Localised
    """What the register is called."""
    controller: Line
    """Who answers for it (the data controller)."""
    contact: Line
    """Where readers can ask about their data: a mail or web address."""


class List(_Section):
    """One list that people can subscribe to."""

    id: Word
    """How files and commands name it; stands in List-Id, so it never changes."""
    name: Localised
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


class Palette(_Section):
    """The colours of one mode, as #rrggbb."""

    paper: str
    """Behind the card."""
    card: str
    """Behind the text."""
    ink: str
    """Text."""
    soft: str
    """Quiet text: captions, the footer."""
    accent: str
    """Links, buttons, marks: the one colour that leads."""
    on_accent: str
    """Text on the accent."""
    tint: str
    """Boxes."""
    line: str
    """Hairlines."""
    forest: str
    """The bar's second part."""
    sun: str
    """The bar's third part, and the rule beside a byline."""
    berry: str
    """The bar's fourth part."""

    @model_validator(mode="after")
    def _colours(self) -> Self:
        for name, value in self:
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
                raise ValueError(f"{name} is no colour of the form #rrggbb: {value!r}")
        return self


class LightPalette(Palette):
    """The colours by day, as #rrggbb."""

    paper: str = "#f3efe7"
    card: str = "#fffdf9"
    ink: str = "#1c2b30"
    soft: str = "#55646a"
    accent: str = "#0e5a78"
    on_accent: str = "#ffffff"
    tint: str = "#e3eef2"
    line: str = "#dcd5c7"
    forest: str = "#2f6b3f"
    sun: str = "#c98a1b"
    berry: str = "#a3263a"


class DarkPalette(Palette):
    """The colours in dark mode, as #rrggbb."""

    paper: str = "#11191c"
    card: str = "#18242a"
    ink: str = "#eef2f1"
    soft: str = "#a9b7bb"
    accent: str = "#7fc4df"
    on_accent: str = "#11191c"
    tint: str = "#20343d"
    line: str = "#2c3b41"
    forest: str = "#7cc08d"
    sun: str = "#e6b55b"
    berry: str = "#ef8a99"


class Theme(_Section):
    """Colours and fonts of mails and pages; no remote fonts."""

    light: LightPalette = LightPalette()
    dark: DarkPalette = DarkPalette()
    heading_font: str = "Georgia, 'Times New Roman', serif"
    """Fonts that readers have: first choice first."""
    body_font: str = "Helvetica, Arial, sans-serif"
    """Fonts that readers have: first choice first."""


class Settings(_Section):
    """All of newsletter.toml."""

    language: Language = "fi"
    """The language of issues and people that name none."""
    public_url: WebAddress
    """Where the web app is reached, e.g. https://kirje.example.fi, without a slash at the end."""
    list_domain: str | None = None
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
    social: dict[Word, WebAddress] = Field(default_factory=dict)
    """Channels by name, in the order of the footer: facebook = "https://…"."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.public_url.endswith("/"):
            raise ValueError("public_url ends with a slash; leave it out")
        if taken := set(self.fields) & {*STANDARD_FIELDS, "address", "email", "kind"}:
            raise ValueError(
                f"[fields] declares {', '.join(sorted(taken))}, which every subscriber has"
            )
        ids = [item.id for item in self.lists]
        if double := {item for item in ids if ids.count(item) > 1}:
            raise ValueError(f"list {', '.join(sorted(double))} is declared twice")
        return self

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
        try:
            text = file.read_bytes().decode("utf-8")
            data = tomllib.loads(text)
        except UnicodeDecodeError as error:
            raise FindingsError([_fault(file, "", 0, f"not UTF-8 (byte {error.start})")]) from error
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+), column (\d+)", str(error))
            number, column = (int(line[1]), int(line[2])) if line else (0, 0)
            message = re.sub(r" \(at .*\)$", "", str(error))
            raise FindingsError([_fault(file, text, number, message, column=column)]) from error
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            faults = [
                _fault(
                    file,
                    text,
                    _line_of(text, item["loc"]),
                    _sentence(dict(item)),
                    hint=_hint(cls, dict(item)),
                )
                for item in error.errors(include_url=False)
            ]
            raise FindingsError(faults) from error


def _fault(
    file: Path, text: str, line: int, message: str, *, column: int = 1, hint: str = ""
) -> Finding:
    lines = text.splitlines()
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    place = Place(file.name, line, column if line else 0, source)
    return Finding("settings", Level.ERROR, place, message, hint)


def _sentence(item: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"unknown setting {where!r}"
    if item["type"] == "missing":
        return f"setting {where!r} is missing"
    message = item["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def _hint(model: type[BaseModel], item: dict[str, Any]) -> str:
    """For a misspelt setting, name the near ones of its section."""
    if item["type"] != "extra_forbidden":
        return ""
    current: type[BaseModel] | None = model
    for part in item["loc"][:-1]:
        field = current.model_fields.get(str(part)) if current else None
        annotation = field.annotation if field else None
        current = (
            annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel)
            else None
        )
    known = [field.alias or name for name, field in current.model_fields.items()] if current else []
    return near(str(item["loc"][-1]), known)


def _line_of(text: str, path: tuple[int | str, ...]) -> int:
    """Find the line of a setting: its key below its [section], else the section, else 0.

    tomllib keeps no positions; sections and keys at the start of a line are what people write.
    """
    names = [str(part) for part in path if not isinstance(part, int)]
    section, here, best = "", 0, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line):
            section = header[1].replace('"', "")
            here = number
            if ".".join(names).startswith(section) and (section == ".".join(names) or not best):
                best = here
        elif key := re.match(r"\s*([A-Za-z0-9_\"-]+)\s*=", line):
            full = f"{section}.{key[1]}" if section else key[1]
            if ".".join(names) == full or ".".join(names).startswith(full + "."):
                return number
    return best
