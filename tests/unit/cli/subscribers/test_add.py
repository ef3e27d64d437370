import json

import pytest

from tests.unit.cli.conftest import Newsletter

AINO = "aino@example.com"
ASK = ("subscribers", "add", AINO, "--confirm", "--source", "puhelin 2.3.")


def test_somebody_is_asked_by_mail_and_pending_until_they_answer(newsletter: Newsletter) -> None:
    done = newsletter(*ASK, "--first-name", "Aino")

    assert done.exit_code == 0, done.stderr
    assert done.stdout == "uutiskirje: asked by mail; pending until they confirm\n"
    assert "newsletter serve" in done.stderr
    assert "newsletter replies" in done.stderr
    assert "pending since" in newsletter("subscribers", "show", AINO).stdout


def test_asking_comes_as_json(newsletter: Newsletter) -> None:
    told = json.loads(newsletter(*ASK, "--json").stdout)

    assert told["lists"] == {"uutiskirje": "asked"}
    assert told["new"] is True


def test_asking_twice_in_a_day_is_refused(newsletter: Newsletter) -> None:
    newsletter(*ASK)

    done = newsletter(*ASK)

    assert done.exit_code == 2
    assert "no mail can go to this address now" in done.stderr
    assert "try again tomorrow" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("option", [("--basis", "consent"), ("--again",)])
def test_what_the_answer_decides_is_not_said_beforehand(
    newsletter: Newsletter, option: tuple[str, ...]
) -> None:
    done = newsletter(*ASK, *option)

    assert done.exit_code == 2
    assert f"{option[0]} does not go with --confirm" in done.stderr


def test_a_source_is_needed_all_the_same(newsletter: Newsletter) -> None:
    done = newsletter("subscribers", "add", AINO, "--confirm")

    assert done.exit_code == 2
    assert "the source is missing" in done.stderr


def test_nobody_is_asked_who_gets_it_already(newsletter: Newsletter) -> None:
    newsletter("subscribers", "add", AINO, "--basis", "consent", "--source", "puhelin 2.3.")

    done = newsletter(*ASK)

    assert done.stdout == "uutiskirje: is active already\n"
    assert "the mail" not in done.stderr
