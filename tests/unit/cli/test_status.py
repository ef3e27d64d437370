import json

import pytest

from newsletter.cli.accounts import lines
from newsletter.mailing import Accounts
from tests.unit.cli.conftest import Newsletter

TERMS = ("--basis", "consent", "--source", "x")


@pytest.fixture
def sent(newsletter: Newsletter) -> Newsletter:
    newsletter("subscribers", "add", "aino@example.com", *TERMS)
    newsletter("send", "loppuraportti", "--yes")
    return newsletter


def test_mailings_are_shown_with_their_accounts(sent: Newsletter) -> None:
    done = sent("status")

    assert "mailing 1: loppuraportti → uutiskirje, by outbox" in done.stdout
    assert "1 accepted" in done.stdout
    assert "accounts balance" in done.stdout


def test_one_mailing_and_its_people(sent: Newsletter) -> None:
    assert sent("status", "1", "--people", "accepted").stdout == "aino@example.com\n"
    assert sent("status", "1", "--people", "refused").stdout == ""
    people = json.loads(sent("status", "1", "--people", "accepted", "--json").stdout)["people"]
    assert people == [{"address": "aino@example.com", "state": "accepted", "reason": ""}]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("status", "9"), "newsletter status"),
        (("status", "--people", "unknown"), "newsletter status 3"),
        (("status", "1", "--people", "nobody"), "accepted"),
    ],
)
def test_wrong_words_get_a_hint(sent: Newsletter, words: tuple[str, ...], hint: str) -> None:
    done = sent(*words)

    assert done.exit_code == 2
    assert hint in done.stderr


def test_without_a_mailing_the_next_step_is_said(newsletter: Newsletter) -> None:
    assert "newsletter send ISSUE" in newsletter("status").stderr


def test_accounts_that_do_not_balance_are_shouted() -> None:
    accounts = Accounts(
        audience=3, excluded=0, refused=0, unknown=1, accepted=1, planned=0, handing_over=0
    )

    shown = list(lines(accounts))

    assert shown[0] == "  3 in the audience"
    assert "ACCOUNTS DO NOT BALANCE" in shown[-1]
