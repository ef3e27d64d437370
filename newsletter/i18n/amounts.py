"""Numbers and spans of time as a language writes them."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final, Literal

from newsletter.i18n.locales import locale

_DIGITS: Final = 400
"""More than any float has before and after its point (up to 1.8e308)."""


def number(value: float | Decimal, language: str) -> str:
    """Write a number with the language's own signs: 1 234,5 in Finnish (with no-break spaces).

    Every decimal that the value has is written; round before, where that is too much.
    """
    from babel.numbers import format_decimal, get_minus_sign_symbol  # noqa: PLC0415 - start-up time

    known = locale(language)
    with localcontext(prec=_DIGITS, rounding=ROUND_HALF_EVEN):
        text = str(format_decimal(value, locale=known, decimal_quantization=False))
    return text.replace("-", get_minus_sign_symbol(known))


def span(value: int, unit: Literal["day", "month"], language: str) -> str:
    """Write how long something lasts: 7 päivää, 7 dygn, 7 days."""
    from babel.units import format_unit  # noqa: PLC0415 - start-up time

    return str(format_unit(value, f"duration-{unit}", locale=locale(language)))
