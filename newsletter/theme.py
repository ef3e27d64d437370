"""The theme's part of newsletter.toml: colours that can be read and fonts that readers have.

What stands here goes into style sheets and attributes as it is, so nothing else may pass.
"""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from newsletter import contrast

_FAMILY: Final = r"(?:'[A-Za-z0-9][A-Za-z0-9 -]*'|-?[A-Za-z][A-Za-z0-9-]*(?: [A-Za-z0-9-]+)*)"
_GENERIC: Final = ("serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui")
_LONGEST_FONTS: Final = 200


def _colour(value: str, info: ValidationInfo) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"{info.field_name} is no colour of the form #rrggbb: {value!r}")
    return value.lower()


def _fonts(value: str) -> str:
    """Let nothing but names of fonts stand where the templates write CSS."""
    if len(value) > _LONGEST_FONTS or not re.fullmatch(rf"{_FAMILY}(?: ?, ?{_FAMILY})*", value):
        raise ValueError(
            "no list of fonts: names of letters, digits, spaces and hyphens, with commas between "
            "them, in single quotes where there is a space"
        )
    if value.rpartition(",")[2].strip() not in _GENERIC:
        raise ValueError(
            f"the list of fonts must end with one that every reader has: {', '.join(_GENERIC)}"
        )
    return value


Colour = Annotated[str, AfterValidator(_colour)]
"""#rrggbb, in small letters; some mail clients know no other form (Outlook, caniemail)."""
Fonts = Annotated[str, AfterValidator(_fonts)]
"""Names of fonts that readers have, the first choice first; never an address of one."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Palette(_Section):
    """The colours of one mode, as #rrggbb."""

    paper: Colour
    """Behind the card."""
    card: Colour
    """Behind the text."""
    ink: Colour
    """Text."""
    soft: Colour
    """Quiet text: captions, the footer."""
    accent: Colour
    """Links, buttons, marks: the one colour that leads."""
    on_accent: Colour
    """Text on the accent."""
    tint: Colour
    """Boxes."""
    line: Colour
    """Hairlines."""
    forest: Colour
    """The bar's second part."""
    sun: Colour
    """The bar's third part, and the rule beside a byline."""
    berry: Colour
    """The bar's fourth part."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if found := list(contrast.shortfalls(dict(self))):
            raise ValueError("; ".join(found) + " (WCAG AA)")
        return self


class LightPalette(Palette):
    """The colours by day, as #rrggbb."""

    paper: Colour = "#f3efe7"
    card: Colour = "#fffdf9"
    ink: Colour = "#1c2b30"
    soft: Colour = "#55646a"
    accent: Colour = "#0e5a78"
    on_accent: Colour = "#ffffff"
    tint: Colour = "#e3eef2"
    line: Colour = "#dcd5c7"
    forest: Colour = "#2f6b3f"
    sun: Colour = "#c98a1b"
    berry: Colour = "#a3263a"


class DarkPalette(Palette):
    """The colours in dark mode, as #rrggbb."""

    paper: Colour = "#11191c"
    card: Colour = "#18242a"
    ink: Colour = "#eef2f1"
    soft: Colour = "#a9b7bb"
    accent: Colour = "#7fc4df"
    on_accent: Colour = "#11191c"
    tint: Colour = "#20343d"
    line: Colour = "#2c3b41"
    forest: Colour = "#7cc08d"
    sun: Colour = "#e6b55b"
    berry: Colour = "#ef8a99"


class Theme(_Section):
    """Colours and fonts of mails and pages; no remote fonts."""

    light: LightPalette = LightPalette()
    dark: DarkPalette = DarkPalette()
    heading_font: Fonts = "Georgia, serif"
    """Fonts that readers have: first choice first."""
    body_font: Fonts = "Helvetica, Arial, sans-serif"
    """Fonts that readers have: first choice first."""
    radius: int = Field(default=6, ge=0, le=24)
    """How round the corners of boxes and buttons are, in px."""
    spacing: int = Field(default=8, ge=6, le=10)
    """The unit of the air between blocks, in px: 6 is tight, 10 is airy."""
