import pytest

from newsletter.errors import InputError
from newsletter.providers import headers


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Uutiskirje", "Uutiskirje"),
        ("Uutis kirje", "Uutis kirje"),
        ("", '""'),
        ('A "b" \\c', '"A \\"b\\" \\\\c"'),
        ("Kunta, Oy", '"Kunta, Oy"'),
        ("Päijänne", "=?utf-8?b?UMOkaWrDpG5uZQ==?="),
        ("=?utf-8?q?x?=", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
    ],
)
def test_a_display_name_is_written_as_a_phrase(name: str, written: str) -> None:
    assert headers.phrase(name) == written


def test_a_mailbox_without_a_name_is_the_address() -> None:
    assert headers.mailbox("From", "", "a@example.fi") == "a@example.fi"
    assert headers.raw_mailbox("", "a@example.fi") == "a@example.fi"


def test_a_mailbox_that_does_not_fit_a_line_is_folded_before_the_address() -> None:
    address = f"{'a' * 60}@example.fi"

    assert headers.mailbox("From", "Nelinvoimaa", address) == f"Nelinvoimaa\r\n <{address}>"


def test_a_name_for_an_api_is_quoted_and_keeps_its_letters() -> None:
    assert headers.raw_mailbox('Äiti "x"', "a@example.fi") == '"Äiti \\"x\\"" <a@example.fi>'


def test_plain_text_is_folded_before_a_space() -> None:
    text = "word " * 40 + "end"

    lines = headers.words("Subject", text).split("\r\n")

    assert "".join(lines) == text
    assert max(len(line) for line in lines) <= 78
    assert len(f"Subject: {lines[0]}") <= 78


@pytest.mark.parametrize("text", ["x" * 75, "x" * 200, " lead", "trail ", "a =?b"])
def test_plain_text_that_cannot_be_folded_or_misleads_is_encoded(text: str) -> None:
    assert headers.words("Subject", text).lstrip().startswith("=?utf-8?")


def test_the_name_of_a_field_that_is_ours_is_refused() -> None:
    for name in ("To", "bcc", "Content-Type", "X Y", "X:", "", "Ä"):
        with pytest.raises(InputError):
            headers.field_name(name)
    assert headers.field_name("List-Id") == "List-Id"


def test_a_value_that_fits_no_line_is_refused() -> None:
    with pytest.raises(InputError, match="998"):
        headers.structured("X-Own", "x" * 1000)


@pytest.mark.parametrize(
    ("leave", "fine"),
    [
        ("<https://a.example.fi/u/1>", True),
        ("<https://a.example.fi/u/1>, <mailto:a@example.fi>", True),
        ("<mailto:a@example.fi>", False),
        ("<https://>", False),
        ("<ftp://a.example.fi/>", False),
        ("<https://a.example.fi/>, <mailto:a@example.fi>, <mailto:b@example.fi>", False),
        ("<https://ä.example.fi/>", False),
        ("", False),
    ],
)
def test_one_click_leaving_needs_exactly_one_https_address(leave: str, fine: bool) -> None:
    fields = {"List-Unsubscribe": leave, "List-Unsubscribe-Post": headers.ONE_CLICK}

    assert (headers.list_faults(fields) == []) is fine
