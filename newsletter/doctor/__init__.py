"""What stands between a workspace and mail that arrives: settings, provider, domain, test mail."""

from dataclasses import dataclass

from newsletter.errors import Level


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at: how it is, and what to do about it."""

    about: str
    """What was looked at, in a word: "dmarc", "key"."""
    level: Level | None
    """None: it is as it should be."""
    message: str
    hint: str = ""

    @property
    def word(self) -> str:
        """Say the level in a word."""
        return str(self.level) if self.level else "ok"


def good(about: str, message: str) -> Diagnosis:
    """Say that something is as it should be."""
    return Diagnosis(about, None, message)


def error(about: str, message: str, hint: str) -> Diagnosis:
    """Say what keeps mail from being sent or from arriving."""
    return Diagnosis(about, Level.ERROR, message, hint)


def warning(about: str, message: str, hint: str) -> Diagnosis:
    """Say what should be mended some day."""
    return Diagnosis(about, Level.WARNING, message, hint)


def note(about: str, message: str, hint: str = "") -> Diagnosis:
    """Say what is worth knowing."""
    return Diagnosis(about, Level.NOTE, message, hint)
