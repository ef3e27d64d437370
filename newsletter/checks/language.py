"""The language of an issue, as far as the tool speaks it."""

from collections.abc import Iterator

from newsletter.checks.registry import Matter, Remark, rule
from newsletter.checks.tongues import knows, language_of
from newsletter.errors import Family, Level
from newsletter.i18n import LANGUAGES, primary, spoken


@rule(
    "NL457",
    Level.WARNING,
    Family.LANGUAGE,
    "the theme has words in the issue's language",
    why="the footer and other words of the theme would be in English",
    hint="add a file to newsletter/locale, or write the issue in a language that it speaks",
)
def theme_speaks_it(matter: Matter) -> Iterator[Remark]:
    """Look for a catalogue: without one, the footer and other words of the theme are English."""
    language = matter.document.issue.language
    if spoken(language) != language:
        yield Remark(
            matter.document.place(("language",)),
            f"the theme has no words in {language!r}; its own texts will be in English",
            f"it speaks {', '.join(LANGUAGES)}; a new language is one file in newsletter/locale",
        )


@rule(
    "NL433",
    Level.WARNING,
    Family.LANGUAGE,
    "a text is in the language that it says",
    why="a screen reader reads Swedish aloud with a Finnish voice (WCAG 3.1.2)",
    hint="translate it, or say its language: lang: … in the block",
)
def texts_are_in_their_language(matter: Matter) -> Iterator[Remark]:
    """Look at the small words of longer texts; fi, sv and en are told apart."""
    said = {path: block.lang for path, block in matter.document.issue.walk() if block.lang}
    doubtful = [out[:-1] for out in matter.document.left_out if isinstance(out[-1], str)]
    for path, text in matter.texts:
        if any(at and path[: len(at)] == at for at in doubtful):
            continue  # the key that cannot be read may be 'lang'
        around = (language for at, language in said.items() if path[: len(at)] == at)
        wanted = primary([matter.document.issue.language, *around][-1])
        found = language_of(text)
        if found and knows(wanted) and found != wanted:
            place = matter.document.place(path, 0)
            yield Remark(place, f"this text seems to be in {found!r}, not in {wanted!r}")
