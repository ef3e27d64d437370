import re
import sys
from pathlib import Path
from typing import Any

import pytest

from newsletter import providers
from newsletter.errors import InputError
from newsletter.providers import Pace, choices, mailgun
from newsletter.providers.choices import HTTPSettings
from newsletter.testing.drivers import make_provider, settings_of


@pytest.mark.parametrize(
    "url", ["https://api.example.fi", "http://127.0.0.1:80", "http://localhost:1", "http://[::1]:1"]
)
def test_a_safe_base_url_is_taken(url: str) -> None:
    assert choices.read(HTTPSettings, {"base_url": url + "/"}, provider="x").base_url == url


@pytest.mark.parametrize(
    "url",
    ["http://api.example.fi", "ftp://127.0.0.1", "api.example.fi", "https://", "", "https://a?b=c",
     "https://me:secret@api.example.fi", "https://a#b", "http://127.0.0.1.example.fi"],
)  # fmt: skip
def test_a_base_url_that_would_give_the_key_away_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="base_url"):
        choices.read(HTTPSettings, {"base_url": url}, provider="x")


@pytest.mark.parametrize(
    ("values", "message", "hint"),
    [
        ({"domian": "a.fi", "domain": "b.fi"}, "unknown setting 'domian'", "'domain'"),
        ({}, "setting 'domain' is missing", "[providers.mailgun]"),
        ({"domain": "a b"}, "domain: not what is expected, which looks like this: mg.", "[prov"),
        ({"domain": 5}, "domain: a text in quotes is expected", "[providers.mailgun]"),
        ({"domain": "b.fi", "region": "fi"}, "region: 'eu' or 'us' is expected", "[providers"),
        ({"domain": "b.fi", "timeout": 0}, "timeout: a number above 0 is expected", "[providers"),
        ({"domain": "b.fi", "timeout": 601}, "timeout: a number of at most 600", "[providers"),
        ({"domain": "b.fi", "timeout": "x"}, "timeout: a number is expected", "[providers"),
        ({"domain": "b.fi", "test_mode": 3}, "test_mode: true or false is exp", "[providers"),
        ({"domain": "b.fi", "warm_up": [1] * 101}, "warm_up: at most 100 of them", "[providers"),
        (
            {"domain": "b.fi", "pace": {"per_secnd": 1}},
            "unknown setting 'pace.per_secnd'",
            "'per_s",
        ),
        ({"domain": "b.fi", "pace": 5}, "pace: a section", "[providers.mailgun]"),
        ({"domain": "b.fi", "pace": {"per_day": 0}}, "pace.per_day: a whole number", "[providers"),
        ({"domain": "b.fi", "pace": {"per_day": 1.5}}, "pace.per_day: a whole", "[providers"),
        ({"domain": "b.fi", "pace": {"per_day": True}}, "pace.per_day: a whole", "[providers"),
        ({"domain": "b.fi", "warm_up": 50}, "warm_up: a list", "[providers.mailgun]"),
        ({"domain": "b.fi", "warm_up": [50, "x"]}, "warm_up.1: a whole number", "[providers"),
        ({"domain": "b.fi", "warm_up": [50, 20]}, "20 comes after 50", "[providers.mailgun]"),
        ({"domain": "b.fi", "warm_up": [50], "pace": {"per_day": 9}}, "9 comes after 50", "[prov"),
    ],
)
def test_a_wrong_setting_is_told_by_name(values: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        choices.read(mailgun.Settings, values, provider="mailgun")

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_each_of_several_wrong_settings_has_a_hint_of_its_own() -> None:
    values = {"domian": "a.fi", "timeout": 0, "region": "fi", "pace": {"per_secnd": 1}}

    with pytest.raises(InputError) as caught:
        choices.read(mailgun.Settings, values, provider="mailgun")

    for name, near in (("domian", "domain"), ("pace.per_secnd", "per_second")):
        assert f"{name}: did you mean {near!r}" in caught.value.hint
    assert caught.value.hint.count(": set it in [providers.mailgun]") == 1


@pytest.mark.parametrize("key", ["a b", "abc\n", "ä", "a\tb"])
def test_a_key_that_was_copied_badly_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(InputError, match="NEWSLETTER_X_KEY") as caught:
        choices.read_key({"NEWSLETTER_X_KEY": key}, "NEWSLETTER_X_KEY", provider="x")

    assert key.strip() not in caught.value.message.replace("a space", "")


def test_an_unknown_provider_is_told_with_the_near_names() -> None:
    with pytest.raises(InputError, match="no provider named 'mailgum'") as caught:
        providers.load("mailgum", {}, environment={}, outbox="")

    assert "mailgun" in caught.value.hint


def test_the_providers_are_the_modules_with_a_provider_in_them() -> None:
    folder = Path(providers.__file__).parent
    written = {
        file.stem
        for file in folder.glob("*.py")
        if re.search(r"^class Provider[:(]", file.read_text("utf-8"), re.MULTILINE)
    }

    assert set(providers.names()) == written - {"__init__"}
    for name in providers.names():
        assert providers.provider_class(name).capabilities.title


def test_a_pace_is_what_is_set_else_what_the_vendor_documents() -> None:
    documented = Pace(per_second=200, per_minute=900)
    own = {"domain": "b.fi", "warm_up": [50, 100], "pace": {"per_second": 10, "per_day": 500}}

    found = choices.pace(own, documented, provider="x")

    assert found == Pace(per_second=10, per_minute=900, per_day=500, warm_up=(50, 100))
    assert choices.pace({}, documented, provider="x") == documented


@pytest.mark.parametrize("name", providers.names())
def test_no_setting_is_refused_in_words_for_programmers(name: str) -> None:
    settings = sys.modules[providers.provider_class(name).__module__].Settings
    wrongs: tuple[Any, ...] = ("ä b", 0, -1, 10**7, 1.5, None, [], {}, "", "x" * 200)
    told: list[str] = []
    for field in settings.model_fields:
        for wrong in wrongs:
            try:
                choices.read(settings, settings_of(name) | {field: wrong}, provider=name)
            except InputError as error:
                told.append(error.message)

    assert told
    assert [words for words in told if "should" in words] == []


@pytest.mark.parametrize("name", providers.names())
def test_what_a_setting_may_look_like_is_told_by_an_example_that_does(name: str) -> None:
    settings = sys.modules[providers.provider_class(name).__module__].Settings
    for field, info in settings.model_fields.items():
        for pattern in filter(None, (getattr(item, "pattern", None) for item in info.metadata)):
            assert re.fullmatch(pattern, (info.examples or [""])[0]), field


@pytest.mark.parametrize("name", providers.names())
def test_every_provider_lets_its_pace_be_set(name: str) -> None:
    make_provider(name, outbox="x", pace={"per_minute": 100}, warm_up=[50]).close()
