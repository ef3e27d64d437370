"""What a provider is set to, and its key: read strictly, told by name, never shown."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from newsletter.errors import InputError, near


class ProviderSettings(BaseModel):
    """Settings of one provider, below [providers.NAME]."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
    unknown = [str(item["loc"][0]) for item in faults if item["type"] == "extra_forbidden"]
    hint = near(unknown[0], model.model_fields) if unknown else f"see [providers.{provider}]"
    told = "; ".join(_sentence(item["type"], item["loc"], item["msg"]) for item in faults)
    raise InputError(f"settings of provider {provider!r}: {told}", hint=hint)


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


def _sentence(kind: str, place: tuple[int | str, ...], message: str) -> str:
    name = ".".join(str(part) for part in place)
    if kind == "extra_forbidden":
        return f"unknown setting {name!r}"
    if kind == "missing":
        return f"setting {name!r} is missing"
    return f"{name}: {message.removeprefix('Value error, ')}"
