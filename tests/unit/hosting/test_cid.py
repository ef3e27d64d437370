from pathlib import Path
from typing import Final

import pytest

from newsletter.errors import InputError
from newsletter.hosting import cid
from newsletter.issue.template import Escape, Slot
from newsletter.testing import make_template

ONE: Final = "0123456789abcdef01234567.jpg"
TWO: Final = "0123456789abcdef01234568.png"


def test_the_images_that_a_body_shows_are_found_by_their_ids(tmp_path: Path) -> None:
    (tmp_path / ONE).write_bytes(b"one")
    (tmp_path / TWO).write_bytes(b"two")
    html = make_template(
        f'<img src="{cid.address(ONE, "example.fi")}" alt="">',
        Slot("first_name", Escape.HTML),
        f'<img src="{cid.address(TWO, "example.fi")}" alt=""><img src="cid:{ONE}@example.fi">',
    )

    assert cid.carried(html, tmp_path) == {f"{ONE}@example.fi": b"one", f"{TWO}@example.fi": b"two"}


def test_what_only_looks_like_an_image_inside_is_none(tmp_path: Path) -> None:
    html = make_template(
        f'cid:{ONE}@example.fi <a href="cid:{ONE}@example.fi">x</a>'
        '<img src="cid:../../etc/passwd@example.fi"><img src="https://example.fi/x.png">'
    )

    assert cid.carried(html, tmp_path) == {}


def test_an_image_that_is_gone_is_named(tmp_path: Path) -> None:
    html = make_template(f'<img src="{cid.address(ONE, "example.fi")}">')

    with pytest.raises(InputError, match=f"{ONE}, which the mail carries, cannot be read"):
        cid.carried(html, tmp_path)
