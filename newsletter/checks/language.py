"""The language of an issue, as far as the tool speaks it."""

from collections.abc import Iterator

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.errors import Level
from newsletter.i18n import LANGUAGES, spoken


@rule("NL457", Level.WARNING, "the theme has words in the issue's language")
def theme_speaks_it(matter: Matter) -> Iterator[Remark]:
    """Look for a catalogue: without one, the footer and other words of the theme are English."""
    language = matter.document.issue.language
    if spoken(language) != language:
        yield Remark(
            matter.document.place(("language",)),
            f"the theme has no words in {language!r}; its own texts will be in English",
            f"it speaks {', '.join(LANGUAGES)}; a new language is one file in newsletter/locale",
        )
