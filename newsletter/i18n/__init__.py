"""What depends on the reader's language: the tool's own words, dates, numbers, direction.

The tool's words are said in fi, sv and en; dates, numbers and the direction in every language that
Babel knows, so that an issue in Estonian or Arabic is right as far as it can be.
"""

from newsletter.i18n.amounts import number, span
from newsletter.i18n.dates import day, when
from newsletter.i18n.locales import direction, primary
from newsletter.i18n.words import LANGUAGES, Localised, pick, spoken, translate

__all__ = [
    "LANGUAGES",
    "Localised",
    "day",
    "direction",
    "number",
    "pick",
    "primary",
    "span",
    "spoken",
    "translate",
    "when",
]
