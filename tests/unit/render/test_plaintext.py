import textwrap

from hypothesis import given
from hypothesis import strategies as st

from newsletter.render.plaintext import COLUMNS, Notes, mark, underline, wrap


def test_lines_are_broken_at_white_space_only() -> None:
    address = "https://example.fi/" + "a-b/" * 30
    text = f"{'sana ' * 20}{address} {'sana ' * 20}"

    lines = wrap(text).split("\n")

    assert address in lines
    assert all(len(line) <= COLUMNS for line in lines if line != address)
    assert " ".join(lines) == " ".join(text.split())


def test_a_no_break_space_holds_words_together() -> None:
    assert "75\u00a0%" in wrap("x" * 73 + " 75\u00a0%").split("\n")


def test_a_heading_is_underlined_as_far_as_it_reaches() -> None:
    assert underline("Otsikko", "=") == "Otsikko\n======="
    assert underline("sana " * 20).split("\n")[-1] == "-" * 74


def test_everything_behind_a_sign_stands_in_line() -> None:
    assert mark("yksi\n\nkaksi", "10. ") == "10. yksi\n\n    kaksi"


def test_links_are_numbered_through_and_their_addresses_follow() -> None:
    notes = Notes()

    first = notes.prose("Lue [tiedote](https://example.fi/a) ja [toinen](https://example.fi/b).")
    addresses = notes.addresses()
    second = notes.prose("Taas [tiedote](https://example.fi/a), [posti](mailto:x@example.fi)")

    assert first == "Lue tiedote\u00a0[1] ja toinen\u00a0[2]."
    assert addresses == "[1] https://example.fi/a\n[2] https://example.fi/b"
    assert second == "Taas tiedote\u00a0[1], posti\u00a0[3]"
    assert notes.addresses() == "[3] x@example.fi"
    assert notes.addresses() == ""


def test_a_link_that_shows_its_address_needs_no_number() -> None:
    notes = Notes()

    assert notes.prose("<https://example.fi/> <x@example.fi>") == "https://example.fi/ x@example.fi"
    assert notes.addresses() == ""


def test_lists_keep_their_signs_numbers_and_depth() -> None:
    made = Notes().prose(
        "- yksi\n  - sisä\n- kaksi\n\n3. kolme\n4. neljä\n\n### Väli\n\nrivi\\\ntoinen"
    )

    assert made == textwrap.dedent("""\
        - yksi
          - sisä
        - kaksi

        3. kolme
        4. neljä

        Väli
        ----

        rivi
        toinen""")


def test_a_list_nested_beyond_reason_is_still_written() -> None:
    deep = "\n".join("  " * depth + f"- taso {depth} " + "sana " * 30 for depth in range(40))

    made = Notes().prose(deep)

    assert "taso 5" in made


def test_an_item_is_wrapped_within_the_columns() -> None:
    made = Notes().item("sana " * 40, "- ")

    assert all(len(line) <= COLUMNS for line in made.split("\n"))
    assert all(line.startswith("  ") for line in made.split("\n")[1:])


@given(st.lists(st.from_regex(r"[a-zäö]{1,30}|zqabx1qz|https://[a-z/-]{1,200}", fullmatch=True)))
def test_wrapping_changes_nothing_but_white_space(words: list[str]) -> None:
    assert wrap(" ".join(words)).split() == words
