"""What a provider is set to, and its key: read strictly, told by name, never shown."""

import importlib
import ipaddress
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeVar, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from newsletter.errors import InputError, near
from newsletter.providers import Pace

_MOST_DAYS: Final = 100
_WORDS: Final = {
    "model_type": "a section with settings of its own is expected",
    "tuple_type": "a list in brackets is expected: [50, 100]",
    "too_long": "at most {max_length} of them are expected",
    "string_type": "a text in quotes is expected",
    "string_pattern_mismatch": "not what is expected, which looks like this: {example}",
    "literal_error": "{expected} is expected",
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false is expected"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number is expected"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number is expected"),
    "greater_than": "a number above {gt:g} is expected",
    "greater_than_equal": "a number of at least {ge:g} is expected",
    "less_than_equal": "a number of at most {le:g} is expected",
}
"""pydantic's own words speak to programmers."""


def _mails(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**9:
        raise ValueError("a whole number of mails is expected, at least 1")
    return value


Mails = Annotated[int, BeforeValidator(_mails)]


class PaceSettings(BaseModel):
    """How many mails an account may be given, below [providers.NAME.pace]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: Mails | None = None
    per_minute: Mails | None = None
    per_day: Mails | None = None
    """By the workspace's time zone."""


class ProviderSettings(BaseModel):
    """Settings of one provider, below [providers.NAME]."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    pace: PaceSettings = PaceSettings()
    """The most mails that it is given: per_second, per_minute, per_day."""
    warm_up: tuple[Mails, ...] = Field(default=(), max_length=_MOST_DAYS)
    """Mails on each of a new account's first days of sending: [50, 100, 200]."""

    @model_validator(mode="after")
    def _grows(self) -> Self:
        steps = [*self.warm_up, *([self.pace.per_day] if self.pace.per_day else [])]
        for before, after in itertools.pairwise(steps):
            if after < before:
                raise ValueError(f"warm_up: a warm-up grows from day to day, up to per_day; "
                                 f"{after:,} comes after {before:,}")  # fmt: skip
        return self


class HTTPSettings(ProviderSettings):
    """What every provider with an HTTP API can be set to."""

    base_url: str | None = None
    """Where the API is, when it is not the vendor's own; https, or http on this machine."""
    timeout: float = Field(default=60, gt=0, le=600)
    """Seconds to wait for the answer to one call; after that it is unknown what became of it."""

    @field_validator("base_url")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError(f"no plain address of a server: {value!r}")
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback(parts.hostname)):
            raise ValueError("only https, or http on this machine: the key travels with every call")
        return value.rstrip("/")


Chosen = TypeVar("Chosen", bound=ProviderSettings)


def loopback(host: str) -> bool:
    """Tell whether a host name means this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read(model: type[Chosen], values: Mapping[str, Any], *, provider: str) -> Chosen:
    """Check a provider's settings; raises InputError that names each fault."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    told = "; ".join(_sentence(item, model) for item in faults)
    hint = _hint([(item, _way_out(item, model, provider)) for item in faults])
    raise InputError(f"settings of provider {provider!r}: {told}", hint=hint)


def _way_out(fault: ErrorDetails, model: type[BaseModel], provider: str) -> str:
    """Say what to do about one fault."""
    if fault["type"] == "extra_forbidden":
        known = PaceSettings if len(fault["loc"]) > 1 else model
        return near(str(fault["loc"][-1]), known.model_fields)
    own = fault.get("ctx", {}).get("hint", "")
    return (
        own or f"set it in [providers.{provider}]; what there is: newsletter providers {provider}"
    )


def _hint(ways: Sequence[tuple[ErrorDetails, str]]) -> str:
    """Say what to do about each fault, by its name where there are several; the same once."""
    names: dict[str, list[str]] = {}
    for fault, way in ways:
        names.setdefault(way, []).append(".".join(map(str, fault["loc"])))
    if len(names) == 1:
        return next(iter(names))
    told = (f"{', '.join(filter(None, of))}: {way}" for way, of in names.items())
    return " ".join(item if item.endswith("?") else f"{item}." for item in told)


def pace(settings: Mapping[str, Any], documented: Pace, *, provider: str) -> Pace:
    """Read how fast a provider may be used: as set, else as its vendor documents it.

    Raises InputError that names each fault.
    """
    own = {name: settings[name] for name in ProviderSettings.model_fields if name in settings}
    chosen = read(ProviderSettings, own, provider=provider)
    return Pace(
        chosen.pace.per_second or documented.per_second,
        chosen.pace.per_minute or documented.per_minute,
        chosen.pace.per_day or documented.per_day,
        chosen.warm_up or documented.warm_up,
    )


def read_key(environment: Mapping[str, str], variable: str, *, provider: str) -> str:
    """Read a provider's key; raises InputError that names the variable, never the value."""
    key = environment.get(variable, "")
    if not key:
        raise InputError(
            f"provider {provider!r} needs its key in {variable}",
            hint=f"set it in the environment: export {variable}=…",
        )
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise InputError(
            f"the key in {variable} holds a space, a line break or a character outside ASCII",
            hint="copy it again, without quotes and without the end of the line",
        )
    return key


def described(provider: str) -> list[dict[str, Any]]:
    """Describe every setting of a provider: name, about, needed, choices, default; no values.

    A default of None is none that can be written down.
    """
    model: type[ProviderSettings] = importlib.import_module(
        f"newsletter.providers.{provider}"
    ).Settings
    return [
        {
            "name": name,
            "about": " ".join((field.description or "").split()),
            "needed": field.is_required(),
            "choices": _choices(field.annotation),
            "default": _default(field),
        }
        for name, field in model.model_fields.items()
    ]


def _choices(annotation: Any) -> list[str]:  # noqa: ANN401 - any annotation
    return [str(item) for item in get_args(annotation)] if get_origin(annotation) is Literal else []


def _default(field: FieldInfo) -> str | int | float | None:
    found = field.default
    return found if isinstance(found, str | int | float) and found != "" else None


def _sentence(fault: ErrorDetails, model: type[BaseModel]) -> str:
    kind, name = fault["type"], ".".join(str(part) for part in fault["loc"])
    if kind == "extra_forbidden":
        return f"unknown setting {name!r}"
    if kind == "missing":
        return f"setting {name!r} is missing"
    field = model.model_fields.get(name)
    example = field.examples[0] if field and field.examples else ""
    words = _WORDS.get(kind, "").format(**fault.get("ctx", {}), example=example)
    words = words or fault["msg"].removeprefix("Value error, ")
    return f"{name}: {words}" if name else words
