"""Mail addresses: one written form, and a folded copy that tells whether two are the same.

email-validator is the judge. Most addresses never reach it: a strict pattern accepts the usual
part before the @, and each domain is judged once. Tests hold both ways to the same answer.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from newsletter.errors import InputError

LONGEST: Final = 254
"""Octets of an address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_BEFORE: Final = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(?:\.{_ATOM})*", re.ASCII)
_USUAL: Final = re.compile(rf"(?=.{{1,64}}@)({_ATOM}(?:\.{_ATOM})*)@([A-Za-z0-9.-]+)", re.ASCII)
_SHOWN: Final = 80


class AddressError(InputError):
    """The text is no address that can be mailed."""


def normalise(text: str) -> str:
    """Write an address as it is stored: NFC, domain as A-label, the part before the @ as given.

    Raises AddressError, which says what is wrong.
    """
    given = unicodedata.normalize("NFC", text.strip())
    usual = _USUAL.fullmatch(given)
    if usual and len(given) <= LONGEST and "xn--" not in (domain := usual[2].lower()):
        if not (reason := _fault_of(domain)):
            return f"{usual[1]}@{domain}"
        raise _error(given, reason)
    return _judged(given)


def key(address: str) -> str:
    """Fold a normalised address: equal for addresses that count as the same (never mailed to)."""
    return address.casefold()


def is_usual(before: str) -> bool:
    """Tell whether what stands before an @ is right whatever the domain: most are."""
    return _BEFORE.fullmatch(before) is not None


@lru_cache(maxsize=65_536)
def _fault_of(domain: str) -> str:
    """Say what is wrong with a domain; empty when nothing is."""
    try:
        _judged(f"x@{domain}")
    except AddressError as error:
        return error.reason if isinstance(error, _JudgedError) else error.message
    return ""


class _JudgedError(AddressError):
    def __init__(self, message: str, *, hint: str, reason: str) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


def _judged(given: str) -> str:
    # Loaded late: 40 ms that commands without addresses save.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    before, at, _ = given.rpartition("@")
    if at and not before.isascii():
        raise _not_ascii(given)
    try:
        found = validate_email(given, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise _error(given, str(error)) from error
    # Its own normalised form would fold names such as Info@; the part before the @ stays as given.
    return f"{before}@{found.ascii_domain}"


def _error(given: str, reason: str) -> AddressError:
    said = reason[:1].lower() + reason[1:].rstrip(".")
    return _JudgedError(f"{_shown(given)} is no address: {said}", hint="", reason=reason)


def _not_ascii(given: str) -> AddressError:
    letters = ", ".join(sorted({repr(c) for c in given.rpartition("@")[0] if not c.isascii()})[:5])
    return AddressError(
        f"{_shown(given)} cannot be mailed: {letters} before the @",
        hint="few mail systems take letters other than a-z before the @ (RFC 6531); "
        "ask for the spelling without them",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
