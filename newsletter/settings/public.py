"""What newsletter.toml says of the public pages: look, privacy, accessibility, the web server."""

from datetime import date
from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator

from newsletter.i18n import Localised
from newsletter.settings.kinds import Address, Line, Section, WebAddress


class Masthead(Section):
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


class Privacy(Section):
    """The privacy notice of the form (GDPR art. 13), beside what [register] says.

    What is left out is told in general words, and `newsletter legal` names it.
    """

    officer: Localised = ""
    """The data protection officer and how to reach them."""
    purposes: Localised = ""
    """What the data is used for."""
    basis: Localised = ""
    """On what legal basis."""
    receivers: Localised = ""
    """Who gets the data: the mail service by its name, the host."""
    transfers: Localised = ""
    """Whether data leaves the EU, and on what ground."""
    storage: Localised = ""
    """How long it is kept."""
    url: WebAddress | None = None
    """Where the organisation's full notice is."""


class Accessibility(Section):
    """The accessibility statement (laki 306/2019); it is linked from every page."""

    status: Literal["full", "partial", "none"] = "partial"
    """How far the pages meet the requirements."""
    shortcomings: tuple[Localised, ...] = ()
    """What is not accessible yet, and why."""
    feedback: Address | None = None
    """Where feedback goes; default: where answers to the letters go."""
    assessed: date | None = None
    """When the pages were assessed."""
    assessed_by: Localised = ""
    """By whom; default: by the organisation itself."""


class Funding(Section):
    """The EU's support for the project: its emblem and statement stand on every page.

    Regulation (EU) 2021/1060, articles 47 and 50; in the letters it is a block.
    """

    programme: Literal["esr-plus", "eakr", "jtf"]
    """The programme, as in the `funding` block."""
    about: Localised = ""
    """A short description of the project: its aims and results, and the EU's support. It stands on
    the first page."""


def _network(value: str) -> str:
    try:
        network = ip_network(value)
    except ValueError as error:
        raise ValueError(
            f"{value!r} is no network address; name your web servers, e.g. 127.0.0.1 or 10.0.0.0/8"
        ) from error
    if network.prefixlen == 0:
        raise ValueError(f"{value} is everybody: then anybody could say to be anybody")
    return value


Network = Annotated[str, AfterValidator(_network)]
"""An IP address, or a network of them as ADDRESS/BITS."""


class Web(Section):
    """How the web app is reached."""

    trusted_proxies: tuple[Network, ...] = ()
    """Network addresses of your own web servers, e.g. 127.0.0.1 or 10.0.0.0/8: their
    X-Forwarded-For tells who asks. Without them, whoever connects is taken as the one who asks."""
