"""The contract, over every provider that there is: adding a file to the package adds it here."""

import base64
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from newsletter import providers
from newsletter.errors import InputError, ProviderError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Batch, OwnUnsubscribe, Provider, Response, State
from newsletter.providers.http import HTTPProvider, Split
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_headers, make_message, make_recipient
from newsletter.testing.drivers import make_provider, send, settings_of
from newsletter.testing.providers import Taken
from newsletter.testing.rawmail import read_mail
from newsletter.testing.servers import KEY, VendorServer
from newsletter.testing.smtpd import SMTPServer
from newsletter.testing.vendors import VENDORS
from tests.standins.specs import SPECS

HERE = Path(__file__).parent

TRAPS = [
    "{{ first_name }}",
    "{% raw %}",
    "%recipient.key%",
    "%recipient%",
    "%unsubscribe_url%",
    "*|FNAME|*",
    "[[var:x]]",
    "-t1-",
    "<b>&amp;\"'`</b>",
    '"} , {"to": "x@example.com"',
    "\\u0000\\n\\",
    "Äiti Öljymäki–Å",
    "👩‍👩‍👧 😀",
    "שלום",
    "10 000 €",
    "100 %",
    "--boundary",
    "=?utf-8?q?x?=",
    "a" * 300,
]


def sample(name: str) -> dict[str, Any]:
    file = HERE / "samples" / f"{name}.toml"
    assert file.is_file(), f"provider {name} has no samples: write {file.name}"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@dataclass
class Desk:
    """A provider with something real behind it, and what that took."""

    provider: Provider
    taken: Callable[[], list[Taken]]
    server: VendorServer | None = None


@pytest.fixture(params=providers.names())
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    name = request.param
    if name == "smtp":
        with SMTPServer() as peer:
            provider = make_provider(name, port=peer.port)
            yield Desk(provider, lambda: [posted(mail.raw) for mail in peer.taken])
            provider.close()
        return
    if name not in VENDORS:
        twin = f"provider {name} has no twin: write newsletter/testing/vendors/{name}.py"
        assert not issubclass(providers.provider_class(name), HTTPProvider), twin
        provider = make_provider(name, outbox=str(tmp_path))
        yield Desk(provider, lambda: [read_back(file) for file in sorted(tmp_path.rglob("*.eml"))])
        provider.close()
        return
    spec = SPECS / VENDORS[name].spec
    with VendorServer(VENDORS[name](spec if spec.is_file() else None)) as server:
        provider = make_provider(name, server.url)
        yield Desk(provider, lambda: server.taken, server)
        provider.close()


def read_back(file: Path) -> Taken:
    return read_mail(file.read_bytes(), key=file.stem.rpartition("--")[2])


def carries(body: bytes, image: bytes) -> bool:
    """Look for an image in a call: as it is, as base64, or in a mail that is base64 itself."""
    whole = [body, *(base64.b64decode(text) for text in re.findall(rb"[A-Za-z0-9+/=]{40,}", body))]
    return any(image in part or base64.b64encode(image) in part for part in whole)


def posted(raw: bytes) -> Taken:
    """Read a mail that carries no key: it is told from the Message-ID of `make_recipient`."""
    mail = read_mail(raw)
    return replace(mail, key=re.sub(r"<id(.*)@.*", r"d7-\1", mail.headers["Message-ID"]))


def said(outcomes: list[providers.Outcome]) -> list[str]:
    """Say what became of each, and why: the twin's own words tell what is wrong in a driver."""
    return [" ".join(filter(None, (item.state.value, item.reason))) for item in outcomes]


@pytest.mark.parametrize("name", providers.names())
def test_every_provider_has_samples_and_a_desk_to_try_it_at(name: str) -> None:
    found = sample(name)

    if issubclass(providers.provider_class(name), HTTPProvider):
        assert name in VENDORS, f"write its twin: newsletter/testing/vendors/{name}.py"
        assert found["answers"], f"write its documented answers into samples/{name}.toml"


@pytest.mark.parametrize("name", providers.names())
def test_every_provider_says_what_it_can_do(name: str) -> None:
    capabilities = providers.provider_class(name).capabilities

    assert capabilities.title
    assert capabilities.batch_size >= 1
    assert capabilities.own_unsubscribe in get_args(OwnUnsubscribe)
    assert capabilities.idempotency is None or capabilities.idempotency > timedelta(minutes=1)
    assert not capabilities.idempotency_per_recipient or capabilities.idempotency


@pytest.mark.parametrize(
    "name", [name for name in providers.names() if name in VENDORS and VENDORS[name].spec]
)
def test_the_spec_of_the_vendor_judges_our_calls(name: str) -> None:
    if not (SPECS / VENDORS[name].spec).is_file():
        pytest.skip(f"no {VENDORS[name].spec} beside the checkout: calls are judged without it")
    assert VENDORS[name](SPECS / VENDORS[name].spec).schema is not None


def test_every_recipient_gets_one_outcome_and_one_mail(desk: Desk) -> None:
    batch = make_batch(7)

    outcomes = send(desk.provider, batch)

    assert said(outcomes) == ["accepted"] * 7
    assert [item.key for item in outcomes] == [item.key for item in batch.recipients]
    assert all(item.provider_id for item in outcomes)
    assert sorted(mail.key for mail in desk.taken()) == sorted(r.key for r in batch.recipients)
    assert sorted(mail.address for mail in desk.taken()) == [r.address for r in batch.recipients]


@pytest.mark.slow
def test_a_batch_beyond_the_limit_of_a_call_goes_out_in_several(desk: Desk) -> None:
    batch = make_batch(desk.provider.capabilities.batch_size + 1)

    outcomes = send(desk.provider, batch)

    assert set(said(outcomes)) == {"accepted"}
    handed, arrived = len(batch.recipients), len(desk.taken())
    assert (len(outcomes), arrived) == (handed, handed)
    if desk.server:
        calls = len(desk.server.calls)
        assert calls == 2


def test_an_empty_batch_is_no_call(desk: Desk) -> None:
    assert send(desk.provider, make_batch(0)) == []
    assert desk.taken() == []


def test_values_arrive_literally(desk: Desk) -> None:
    edition = make_edition(
        subject=make_template("Terveisiä, ", Slot("first_name"), "!"),
        html=make_template(
            '<p title="', Slot("first_name", Escape.HTML), '">', Slot("first_name", Escape.HTML),
            '</p><a href="https://example.fi/?q=', Slot("first_name", Escape.URL), '">x</a>\n',
        ),
        text=make_template("Terveisiä, ", Slot("first_name"), "\n"),
    )  # fmt: skip
    people = tuple(
        make_recipient(number, {"first_name": trap}) for number, trap in enumerate(TRAPS)
    )

    outcomes = send(desk.provider, make_batch(people, message=make_message(edition=edition)))

    mails = {mail.key: mail for mail in desk.taken()}
    assert said(outcomes) == ["accepted"] * len(TRAPS)
    for person in people:
        mail = mails[person.key]
        assert mail.subject == edition.subject.fill(person.values)
        assert mail.html == edition.html.fill(person.values)
        assert mail.text == edition.text.fill(person.values)


def test_constant_text_arrives_literally(desk: Desk) -> None:
    for number, trap in enumerate(TRAPS[:-1]):
        edition = make_edition(
            subject=make_template(f"Uutisia: {trap} B"),
            html=make_template(f"<p>{trap}%</p>\n"),
            text=make_template(f"Uutisia: {trap}%\n"),
        )
        message = make_message(edition=edition, sender_name=trap)
        person = make_recipient(number)

        send(desk.provider, make_batch((person,), message=message, key=f"trap-{number}"))

        (mail,) = (mail for mail in desk.taken() if mail.key == person.key)
        assert mail.subject == f"Uutisia: {trap} B"
        assert mail.html == f"<p>{trap}%</p>\n"
        assert mail.text == f"Uutisia: {trap}%\n"


def test_nothing_of_one_recipient_reaches_another(desk: Desk) -> None:
    secrets = [f"secret-{letter * 9}" for letter in "abcdef"]
    people = tuple(
        make_recipient(
            number,
            {"first_name": secret, "unsubscribe_url": f"https://kirje.example.fi/u/{secret}"},
        )
        for number, secret in enumerate(secrets)
    )

    send(desk.provider, make_batch(people))

    for mail in desk.taken():
        number = int(mail.key.rpartition("-")[2])
        whole = f"{mail.subject}{mail.html}{mail.text}{mail.headers}{mail.address}"
        assert [secret for secret in secrets if secret in whole] == [secrets[number]]
        assert set(re.findall(r"person\d", whole)) == {f"person{number}"}


def test_a_missing_value_is_the_fallback_and_never_somebody_elses(desk: Desk) -> None:
    people = (
        make_recipient(1, {"first_name": "Anna"}),
        make_recipient(2, {"first_name": ""}),
    )

    outcomes = send(desk.provider, make_batch(people))

    assert said(outcomes) == ["accepted"] * 2
    subjects = {mail.key: mail.subject for mail in desk.taken()}
    assert subjects == {"d7-1": "Terveisiä, Anna", "d7-2": "Terveisiä, lukija"}


def test_the_list_headers_stand_in_every_mail(desk: Desk) -> None:
    token = "t" * 500
    person = make_recipient(1, {"unsubscribe_url": f"https://kirje.example.fi/u/{token}"})

    send(desk.provider, make_batch((person,)))

    (mail,) = desk.taken()
    assert mail.headers["List-Unsubscribe"] == f"<https://kirje.example.fi/u/{token}>"
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    if "List-Id" not in desk.provider.capabilities.without_headers:
        assert mail.headers["List-Id"] == "Uutiskirje <uutiskirje.example.fi>"
    assert mail.headers["Reply-To"] == "vastaukset@example.fi"


def test_a_reply_has_its_header_field_or_the_driver_says_that_it_drops_it(desk: Desk) -> None:
    message = make_message(headers={"Auto-Submitted": make_template("auto-replied")})

    outcomes = send(desk.provider, make_batch(1, message=message))

    (mail,) = desk.taken()
    dropped = "Auto-Submitted" in desk.provider.capabilities.without_headers
    assert said(outcomes) == ["accepted"]
    assert mail.headers.get("Auto-Submitted") == (None if dropped else "auto-replied")


def test_mails_leave_under_our_message_id_where_the_driver_says_so(desk: Desk) -> None:
    batch = make_batch(2)

    send(desk.provider, batch)

    if desk.provider.capabilities.own_message_id:
        fields = [{name.lower(): text for name, text in mail.headers.items()}
                  for mail in desk.taken()]  # fmt: skip
        ids = sorted(field.get("message-id", "no Message-ID") for field in fields)
        assert ids == [f"<{item.message_id}>" for item in batch.recipients]


def test_a_driver_that_says_so_turns_tracking_off_in_each_call(desk: Desk) -> None:
    send(desk.provider, make_batch(1))

    calls = desk.server.calls if desk.server else []
    if desk.provider.capabilities.tracking == "call":
        spoken = [b"track" in call.body.lower() for call in calls]
        assert spoken == [True], "its capabilities say that each call turns tracking off"
    if desk.provider.capabilities.tracking == "none":
        spoken = [b"track" in call.body.lower() for call in calls]
        assert not any(spoken), "its capabilities say that the vendor does not track"


def test_both_ways_out_stand_in_every_mail(desk: Desk) -> None:
    mail_token, link = Slot("leave_token"), Slot("unsubscribe_url")
    address = ("<mailto:peru+", mail_token, "@kirje.example.fi?subject=unsubscribe>")
    headers = make_headers() | {"List-Unsubscribe": make_template("<", link, ">, ", *address)}
    people = tuple(make_recipient(number, {"leave_token": f"t{number}" * 20}) for number in (1, 2))

    send(desk.provider, make_batch(people, message=make_message(headers=headers)))

    assert {mail.headers["List-Unsubscribe"] for mail in desk.taken()} == {
        f"<https://kirje.example.fi/u/{number}>, "
        f"<mailto:peru+{f't{number}' * 20}@kirje.example.fi?subject=unsubscribe>"
        for number in (1, 2)
    }


@pytest.mark.parametrize(
    "bad", ["Anna\r\nBcc: x@example.com", "An\nna", "An\rna", "An\0na", "\u2028"]
)
def test_a_line_break_in_a_value_of_the_subject_is_refused(desk: Desk, bad: str) -> None:
    people = (make_recipient(1), make_recipient(2, {"first_name": bad}), make_recipient(3))

    outcomes = send(desk.provider, make_batch(people))

    states = {item.key: item.state for item in outcomes}
    assert states == {"d7-1": State.ACCEPTED, "d7-2": State.REFUSED, "d7-3": State.ACCEPTED}, said(
        outcomes
    )
    assert sorted(mail.key for mail in desk.taken()) == ["d7-1", "d7-3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sender_name": "Neljä\r\nBcc: x@example.com"},
        {"sender_address": "kirje@example.fi\r\nBcc: x@example.com"},
        {"reply_to": "x"},
        {"headers": make_headers() | {"X-Own": make_template("a\nb")}},
        {"headers": make_headers() | {"X-Own": make_template("ä")}},
        {"headers": make_headers() | {"Bcc": make_template("x@example.com")}},
        {"headers": make_headers() | {"X Own": make_template("x")}},
        {"headers": make_headers() | {"X-Own": make_template("x" * 999)}},
        {"headers": {"List-Id": make_template("<a.example.fi>")}},
        {"headers": make_headers() | {"List-Unsubscribe-Post": make_template("yes")}},
        {"headers": make_headers() | {"List-Unsubscribe": make_template("<http://example.fi/>")}},
        {"headers": make_headers() | {"List-Unsubscribe": make_template("https://example.fi/")}},
    ],
)
def test_a_message_that_breaks_the_rules_goes_to_nobody(
    desk: Desk, changes: dict[str, Any]
) -> None:
    with pytest.raises(ProviderError, match="cannot leave"):
        send(desk.provider, make_batch(2, message=make_message(**changes)))

    assert desk.taken() == []


def test_images_inside_the_mail_arrive_or_are_refused_before_any_call(desk: Desk) -> None:
    name = "0123456789abcdef01234567.jpg@example.fi"
    edition = make_edition(html=make_template(f'<img src="cid:{name}" alt="">\n'))
    batch = make_batch(1, message=make_message(edition=edition, inline={name: b"one"}))

    if desk.provider.capabilities.inline_images:
        assert said(send(desk.provider, batch)) == ["accepted"]
        assert len(desk.taken()) == 1
        if desk.server:
            assert carries(desk.server.calls[-1].body, b"one"), "the image is not in the call"
    else:
        with pytest.raises(ProviderError, match="cannot carry images inside the mail"):
            send(desk.provider, batch)
        assert desk.taken() == []


@pytest.mark.parametrize("address", ["äiti@example.com", "a@b", "x@example.com, y@example.com", ""])
def test_an_address_that_servers_do_not_take_is_refused_alone(desk: Desk, address: str) -> None:
    people = (make_recipient(1), replace(make_recipient(2), address=address))

    outcomes = send(desk.provider, make_batch(people))

    states = {item.key: item.state for item in outcomes}
    assert states == {"d7-1": State.ACCEPTED, "d7-2": State.REFUSED}


def test_half_a_character_in_a_value_is_refused_alone(desk: Desk) -> None:
    people = (make_recipient(1), make_recipient(2, {"first_name": "a\ud83d"}))

    outcomes = send(desk.provider, make_batch(people))

    states = {item.key: item.state for item in outcomes}
    assert states == {"d7-1": State.ACCEPTED, "d7-2": State.REFUSED}


def test_the_same_address_twice_in_a_batch_is_two_mails(desk: Desk) -> None:
    twins = (make_recipient(1), replace(make_recipient(2), address="PERSON1@example.com"))

    outcomes = send(desk.provider, make_batch(twins))

    assert said(outcomes) == ["accepted"] * 2
    subjects = {mail.key: mail.subject for mail in desk.taken()}
    assert subjects == {"d7-1": "Terveisiä, Nimi1", "d7-2": "Terveisiä, Nimi2"}


def test_a_repeat_of_the_same_batch_is_one_mail_where_that_is_promised(desk: Desk) -> None:
    batch = make_batch(5)
    first = send(desk.provider, batch)

    second = send(desk.provider, batch)

    assert [item.key for item in second] == [item.key for item in first]
    promised, mails = desk.provider.capabilities.idempotency is not None, len(desk.taken())
    told = f"its capabilities {'promise' if promised else 'know no'} idempotency: {mails} mails"
    assert mails == (5 if promised else 10), told


def documented(*, stop: bool) -> list[Any]:
    return [
        pytest.param(name, answer, id=f"{name}: {answer['title']}")
        for name in providers.names()
        for answer in sample(name)["answers"]
        if (answer["becomes"] == "stop") is stop
    ]


def read(name: str, answer: dict[str, Any], batch: Batch) -> list[providers.Outcome] | Split:
    provider = make_provider(name)
    assert isinstance(provider, HTTPProvider)
    headers = {key.lower(): text for key, text in answer.get("headers", {}).items()}
    with closing(provider):
        return provider.read(batch, Response(answer["status"], headers, answer["body"].encode()))


@pytest.mark.parametrize(("name", "answer"), documented(stop=False))
def test_every_documented_answer_is_read_as_it_must_be(name: str, answer: dict[str, Any]) -> None:
    batch = make_batch(3)

    found = read(name, answer, batch)

    if isinstance(found, Split):
        assert answer["becomes"] == ("split" if found.certain else "doubt")
        return
    wait = timedelta(seconds=answer["wait"]) if "wait" in answer else None
    assert [item.key for item in found] == [item.key for item in batch.recipients]
    becomes = answer["becomes"]
    each = becomes if isinstance(becomes, list) else [becomes] * len(batch.recipients)
    assert [item.state.value for item in found] == each, said(found)
    assert found[0].provider_id == answer.get("provider_id", "")
    assert found[0].wait == wait


@pytest.mark.parametrize(("name", "answer"), documented(stop=False))
def test_no_key_and_no_address_is_kept_of_what_a_vendor_says(
    name: str, answer: dict[str, Any]
) -> None:
    told = re.sub(r"(\w) (\w)", rf"\1 {KEY} person1@example.com \2", answer["body"], count=1)

    try:
        found = read(name, {**answer, "body": told}, make_batch(3))
    except ProviderError as stopped:
        kept = [stopped.message, stopped.hint]
    else:
        kept = [found.reason] if isinstance(found, Split) else [item.reason for item in found]

    assert [reason for reason in kept if KEY in reason or "person1@" in reason] == []


@pytest.mark.parametrize(("name", "answer"), documented(stop=True))
def test_a_fault_of_the_account_stops_with_a_hint(name: str, answer: dict[str, Any]) -> None:
    with pytest.raises(ProviderError) as caught:
        read(name, answer, make_batch(3))

    assert answer.get("hint", "") in caught.value.hint
    assert caught.value.hint
    assert KEY not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("name", [name for name in providers.names() if name in VENDORS])
def test_a_missing_key_names_its_variable(name: str) -> None:
    with pytest.raises(InputError, match=f"NEWSLETTER_{name.upper()}_KEY"):
        providers.load(name, settings_of(name), environment={}, outbox="")


@pytest.mark.parametrize("name", providers.names())
def test_an_unknown_setting_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown setting 'base_ulr'"):
        make_provider(name, outbox=str(tmp_path), base_ulr="https://example.fi")
