"""What a mail says about its sender, in the reader's language: masthead and footer."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from newsletter.errors import InputError, near
from newsletter.i18n import pick, primary, translate
from newsletter.settings import Settings

_SPELLED: Final = {
    "linkedin": "LinkedIn",
    "tiktok": "TikTok",
    "whatsapp": "WhatsApp",
    "youtube": "YouTube",
}


@dataclass(frozen=True, slots=True)
class Channel:
    """A named way to follow the sender."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Imprint:
    """The sender's own lines of a mail."""

    accent: str
    """The part of the wordmark in the accent colour; `rest` follows without a space."""
    rest: str
    tagline: str
    channels: tuple[Channel, ...]
    why: str
    source: str

    @classmethod
    def make(cls, settings: Settings, lists: Sequence[str], language: str) -> "Imprint":
        """Say it in `language`; no `lists` means all of them. Raises InputError for one unknown."""
        localised = partial(pick, language=language, fallback=settings.language)
        names = lists or [item.id for item in settings.lists]
        accent = settings.masthead.accent
        if not settings.masthead.wordmark.startswith(accent):
            accent = ""
        return cls(
            accent=accent,
            rest=settings.masthead.wordmark.removeprefix(accent),
            tagline=localised(settings.masthead.tagline),
            channels=tuple(_channel(name, url) for name, url in settings.social.items()),
            why=translate(
                "You get this letter because you are on the list {lists}.",
                language,
                lists=", ".join(localised(settings.list_named(name).name) for name in names),
            ),
            source=translate(
                "Source of the address: {register}, {controller}, {contact}.",
                language,
                register=localised(settings.register_.name),
                controller=settings.register_.controller,
                contact=settings.register_.contact,
            ),
        )


def named_channels(social: Mapping[str, str], names: Sequence[str]) -> list[Channel]:
    """Find channels of the settings by name; raises InputError with the near names."""
    for name in names:
        if name not in social:
            raise InputError(
                f"no channel named {name!r}",
                hint=near(name, social) or "add it to [social] in newsletter.toml",
            )
    return [_channel(name, social[name]) for name in names]


def _channel(name: str, url: str) -> Channel:
    """Label a channel as it spells itself; the website by its address."""
    if name == "website":
        host = (urlsplit(url).hostname or name).removeprefix("www.")
        return Channel(host[:1].upper() + host[1:], url)
    return Channel(_SPELLED.get(name, name.capitalize()), url)


def translator(language: str) -> Callable[..., str]:
    """Give the function that says the tool's own words in a language."""
    return lambda text, **values: translate(text, primary(language), **values)


def tel(phone: str) -> str:
    """Make the link that calls a number, written as people write numbers."""
    return "tel:" + re.sub(r"(?!^\+)[^0-9]", "", phone.strip())
