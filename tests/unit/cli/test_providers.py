"""`newsletter providers`: the table and the details are what the drivers say."""

import json

from newsletter import providers
from newsletter.cli.providers import again, pace
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
    assert "(eu, us)" in told


def test_scripts_get_the_capabilities_as_data(newsletter: Newsletter) -> None:
    told = json.loads(newsletter("providers", "--json").stdout)["providers"]

    resend = next(item for item in told if item["name"] == "resend")
    assert resend["batch_size"] == 100
    assert resend["idempotency_hours"] == 24
    assert {"name", "about", "needed", "choices"} == set(resend["settings"][0])
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
