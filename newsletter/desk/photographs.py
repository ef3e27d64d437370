"""Pictures of mails: what Chromium shows of an HTML file, at the width of a desktop and a phone."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image, ImageChops

from newsletter.errors import InputError

WIDTHS: Final = {"desktop": 720, "phone": 375}
"""CSS pixels; 375 is the narrowest phone in wide use."""

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_TALLEST: Final = 12_000
"""CSS pixels: longer than any mail that Gmail shows whole."""
_MARGIN: Final = 24
_PATIENCE_SECONDS: Final = 60


def program() -> str | None:
    """Find Chromium; None where there is none."""
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


def photograph(pages: Sequence[Path]) -> list[Path]:
    """Take a picture of each page at each width, as PAGE.WIDTH.png beside it; gives the pictures.

    Raises InputError without Chromium, or when it fails.
    """
    chromium = program()
    if chromium is None:
        raise InputError(
            "there is no Chromium here, which takes the pictures",
            hint="apt-get install chromium, or open the .html in a browser",
        )
    taken = []
    for page in pages:
        for name, width in WIDTHS.items():
            picture = page.with_suffix(f".{name}.png")
            _take(chromium, page, picture, width)
            _trim(picture)
            taken.append(picture)
    return taken


def _take(chromium: str, page: Path, picture: Path, width: int) -> None:
    with TemporaryDirectory() as profile:
        # As root Chromium has no sandbox to go into; a page of our own needs none.
        rootly = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [
            chromium, "--headless", "--disable-gpu", "--hide-scrollbars", *rootly,
            f"--user-data-dir={profile}", f"--window-size={width},{_TALLEST}",
            f"--screenshot={picture.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                command, capture_output=True, timeout=_PATIENCE_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise InputError("Chromium does not answer", hint="try again") from error
    if done.returncode or not picture.is_file():
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(f"Chromium took no picture: {said[-1] if said else 'no reason given'}")


def _trim(picture: Path) -> None:
    """Cut off what is below the page: rows of nothing but its background."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    ground = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, ground).getbbox()
    bottom = min(image.height, (box[3] if box else 0) + _MARGIN)
    image.crop((0, 0, image.width, bottom)).save(picture, optimize=True)
