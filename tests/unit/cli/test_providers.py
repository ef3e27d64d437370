"""`newsletter providers`: the table and the details are what the drivers say."""

import json

import pytest

from newsletter import hooks, providers
from newsletter.doctor import abilities
from newsletter.doctor.abilities import again, pace
from newsletter.providers import Pace
from tests.unit.cli.conftest import Newsletter


def test_every_provider_has_a_line(newsletter: Newsletter) -> None:
    lines = newsletter("providers").stdout.splitlines()

    assert [line.split()[0] for line in lines[1:]] == list(providers.names())


def test_one_provider_tells_its_settings_and_the_variable_of_its_key(
    newsletter: Newsletter,
) -> None:
    told = newsletter("providers", "mailgun").stdout

    assert "the environment variable NEWSLETTER_MAILGUN_KEY" in told
    assert "needed; The sending domain, as it is called at Mailgun." in told
    assert "(eu, us; default: eu)" in " ".join(told.split())
    assert "(default: false)" in told
    assert "(default: 60)" in told


def test_scripts_get_the_capabilities_as_data(newsletter: Newsletter) -> None:
    told = json.loads(newsletter("providers", "--json").stdout)["providers"]

    resend = next(item for item in told if item["name"] == "resend")
    assert resend["batch_size"] == 100
    assert resend["idempotency_hours"] == 24
    assert {"name", "about", "needed", "choices", "default"} == set(resend["settings"][0])
    assert json.loads(newsletter("providers", "resend", "--json").stdout) == resend


def test_an_unknown_provider_gets_the_near_names(newsletter: Newsletter) -> None:
    done = newsletter("providers", "mailgum")

    assert done.exit_code == 2
    assert "did you mean 'mailgun'?" in done.stderr


def test_times_and_rates_are_told_in_words() -> None:
    assert [again(hours) for hours in (None, 0.5, 24, 10**6)] == [
        "never",
        "for 30 minutes",
        "for 24 hours",
        "always",
    ]
    assert pace(Pace(per_second=14, per_day=50000)) == "14 a second, 50,000 a day"


@pytest.mark.parametrize("room", [60, 80, 120])
def test_a_window_shows_what_fits_and_names_the_rest(
    newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(room))

    table = newsletter("providers")
    detail = newsletter("providers", "unione")

    lines = [*table.stdout.splitlines(), *table.stderr.splitlines(), *detail.stdout.splitlines()]
    assert max(map(len, lines)) <= room
    head, rest = table.stdout.splitlines()[0], " ".join(table.stderr.split())
    shown = [column.head for column in abilities.COLUMNS if column.head in head]
    assert shown[:3] == ["name", "a call", "own unsubscribe"]
    assert all(column.head in rest for column in abilities.COLUMNS[len(shown) :])


def test_all_columns_are_there_for_whoever_reads_through_a_pipe(
    newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    head = newsletter("providers").stdout.splitlines()[0]

    assert all(column.head in head for column in abilities.COLUMNS)


@pytest.mark.parametrize("name", providers.names())
def test_what_is_told_of_webhooks_is_what_reads_them(name: str) -> None:
    webhook = abilities.data(name)["webhook"]

    vendor = hooks.of(name)
    if not vendor:
        assert webhook is None
        return
    assert webhook["proof"] == hooks.load(vendor).proof
    assert set(webhook["tells"]) == hooks.load(vendor).tells
    assert webhook["key_variable"] == f"NEWSLETTER_{vendor.upper()}_WEBHOOK_KEY"


def test_every_vendor_with_a_webhook_can_send() -> None:
    assert set(hooks.names()) <= set(providers.names())


@pytest.mark.parametrize("name", providers.names())
def test_a_test_mode_that_is_a_setting_is_one_of_its_settings(name: str) -> None:
    told = abilities.data(name)
    settings = {item["name"] for item in told["settings"]}

    setting, equals, _ = told["test_mode"].partition(" = ")

    assert bool(equals) == bool(settings & {"test_mode", "sandbox"})
    assert not equals or setting in settings


@pytest.mark.parametrize("name", providers.names())
def test_a_region_that_can_be_chosen_is_taken_from_the_settings(name: str) -> None:
    told = abilities.data(name)
    choices = next((item["choices"] for item in told["settings"] if item["name"] == "region"), None)

    if choices:
        assert told["region"] == ", ".join(choices)
        assert not providers.provider_class(name).capabilities.region
