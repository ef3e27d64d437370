"""What stands in the message itself is looked at like the values of each recipient."""

from typing import Any

import pytest

from newsletter.errors import ProviderError
from newsletter.issue.template import Slot
from newsletter.providers import guard
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message

HALF = "a\ud83d"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"subject": make_template("Hei\r\nBcc: x@example.com")}, r"the subject holds U\+000D"),
        (
            {"subject": make_template("Hei ", Slot("town", fallback="a\nb"))},
            r"the subject holds U\+000A",
        ),
        ({"subject": make_template("a\u2028b")}, r"the subject holds U\+2028"),
        ({"subject": make_template(HALF)}, r"the subject holds U\+D83D"),
        ({"text": make_template(HALF)}, "its plain text holds half a character"),
        (
            {"html": make_template("<p>", Slot("town", fallback=HALF), "</p>")},
            "its HTML holds half",
        ),
    ],
)
def test_what_no_mail_can_carry_goes_to_nobody(parts: dict[str, Any], said: str) -> None:
    batch = make_batch(2, message=make_message(edition=make_edition(**parts)))

    with pytest.raises(ProviderError, match=f"cannot leave: {said}"):
        guard.screen(batch)


def test_line_breaks_in_the_bodies_and_every_sign_of_unicode_are_fine() -> None:
    text = make_template("a\r\nb\n\u2028 👩‍👩‍👧 ", Slot("town", fallback="Äänekoski"))
    edition = make_edition(text=text, html=text, subject=make_template("Öitä 👩‍👩‍👧"))

    clear, refused = guard.screen(make_batch(2, message=make_message(edition=edition)))

    assert (len(clear.recipients), refused) == (2, [])
