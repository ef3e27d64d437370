import pytest

from newsletter.creamailer import Account
from newsletter.errors import InputError
from newsletter.testing import make_settings
from tests.unit.creamailer.worlds import KEYS_OF_TESTS, settings_for


@pytest.mark.parametrize(
    ("creamailer", "said"),
    [
        (None, "no list is joined"),
        ({}, "no list is joined"),
        ({"lists": {"kirje": "1"}}, "no list named 'kirje'"),
        ({"lists": {"uutiskirje": "abc"}}, "'abc' is no list number"),
        ({"lists": {"uutiskirje": "1"}, "fields": {"shoe": "x"}}, "no field named 'shoe'"),
        ({"lists": {"uutiskirje": "1"}, "url": "http://api.cmfile.net"}, "must begin with https"),
    ],
)
def test_settings_that_make_no_sense_are_told(creamailer: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Account.of(make_settings(creamailer=creamailer), KEYS_OF_TESTS)


def test_one_list_there_is_one_list_here() -> None:
    with pytest.raises(InputError, match="the same list"):
        Account.of(settings_for(lists={"uutiskirje": "1", "tiedotteet": "1"}), KEYS_OF_TESTS)


@pytest.mark.parametrize("missing", sorted(KEYS_OF_TESTS))
def test_a_key_that_is_not_set_is_named(missing: str) -> None:
    keys = {name: value for name, value in KEYS_OF_TESTS.items() if name != missing}

    with pytest.raises(InputError, match=f"{missing} is not set"):
        Account.of(settings_for(), keys)


def test_a_key_with_a_line_break_is_refused_without_repeating_it() -> None:
    keys = KEYS_OF_TESTS | dict.fromkeys(KEYS_OF_TESTS, "abc\n")

    with pytest.raises(InputError) as caught:
        Account.of(settings_for(), keys)

    assert "abc" not in str(caught.value)


def test_secrets_show_neither_in_its_text_nor_in_its_name() -> None:
    account = Account.of(settings_for(), KEYS_OF_TESTS)

    assert not any(key in f"{account!r} {account.name}" for key in KEYS_OF_TESTS.values())
