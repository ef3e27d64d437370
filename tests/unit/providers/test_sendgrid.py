import json
from collections.abc import Iterator

import pytest

from newsletter.errors import ProviderError
from newsletter.issue.template import Escape, Slot
from newsletter.providers import Outcome, Response, State
from newsletter.providers.body import Body
from newsletter.providers.http import Split
from newsletter.providers.sendgrid import Provider, Settings
from newsletter.testing import make_edition, make_template
from newsletter.testing.batches import make_batch, make_message, make_recipient
from newsletter.testing.servers import KEY, VendorServer, answer
from newsletter.testing.vendors import VENDORS


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(VENDORS["sendgrid"]()) as running:
        yield running


@pytest.fixture
def provider(server: VendorServer) -> Iterator[Provider]:
    provider = Provider(Settings(base_url=server.url), KEY)
    yield provider
    provider.close()


def refusal(*fields: str | None) -> bytes:
    return json.dumps({"errors": [{"message": "no", "field": field} for field in fields]}).encode()


def read(provider: Provider, *fields: str | None) -> list[Outcome] | Split:
    return provider.read(make_batch(3), Response(400, {}, refusal(*fields)))


def test_the_content_stands_once_in_a_body_that_is_written_as_it_is_sent(
    provider: Provider,
) -> None:
    edition = make_edition(
        html=make_template("<p>" + "ä" * 100_000, Slot("first_name", Escape.HTML), "</p>\n")
    )
    people = (make_recipient(1, {"first_name": '"A" & <b>'}), make_recipient(2))

    (request,) = provider.requests(make_batch(people, message=make_message(edition=edition)))

    assert isinstance(request.body, Body)
    assert len(bytes(request.body)) == len(request.body) < 210_000
    call = json.loads(bytes(request.body))
    tags = [list(person["substitutions"].values()) for person in call["personalizations"]]
    assert "&quot;A&quot; &amp; &lt;b&gt;" in tags[0] or "&#34;A&#34; &amp; &lt;b&gt;" in tags[0]
    assert [person["to"] for person in call["personalizations"]] == [
        [{"email": "person1@example.com"}], [{"email": "person2@example.com"}],
    ]  # fmt: skip


def test_finnish_letters_alone_leave_as_utf_8(server: VendorServer, provider: Provider) -> None:
    """What is all Latin-1 would leave as iso-8859-1, which Gmail clips (F11)."""
    edition = make_edition(
        subject=make_template("Äiti"), html=make_template("<p>Öljymäki</p>\n"),
        text=make_template("Hyvää päivää\n"),
    )  # fmt: skip

    list(provider.send(make_batch(1, message=make_message(edition=edition))))

    call = json.loads(server.calls[0].body)
    for part in call["content"]:
        with pytest.raises(UnicodeEncodeError):
            part["value"].encode("latin-1")
    (mail,) = server.taken
    assert (mail.html, mail.text) == ("<p>Öljymäki</p>\n", "Hyvää päivää\n")


def test_the_named_are_refused_and_only_the_rest_is_tried_again(
    server: VendorServer, provider: Provider
) -> None:
    server.refuse(*(f"person{number}@example.com" for number in (3, 4, 700)))

    found = [item for items in provider.send(make_batch(1000)) for item in items]

    assert [item.key for item in found if item.state is State.REFUSED] == ["d7-3", "d7-4", "d7-700"]
    assert len(found) == 1000
    assert len(server.taken) == len(set(server.addresses)) == 997
    assert len(server.calls) == 3


def test_a_place_names_its_recipient(provider: Provider) -> None:
    found = read(provider, "personalizations.2.to.0.email", "personalizations.0.to")

    assert isinstance(found, Split)
    assert (found.certain, found.named) == (True, frozenset({"d7-0", "d7-2"}))


@pytest.mark.parametrize("field", ["from", "from.email", "content.0.value", "subject"])
def test_a_fault_of_what_all_share_stops_at_the_first_call(
    server: VendorServer, provider: Provider, field: str
) -> None:
    server.then(answer(400, body=refusal("personalizations.0.to.0.email", field)))

    with pytest.raises(ProviderError, match="refuses the message"):
        list(provider.send(make_batch(9)))

    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "fields",
    [
        (None,),
        ("personalizations.0.headers",),
        ("personalizations.0.to", None),
        ("personalizations.9.to",),
        ("personalizations.0.total",),
        (),
    ],
)
def test_what_names_nobody_for_certain_refuses_nobody(
    provider: Provider, fields: tuple[str | None, ...]
) -> None:
    found = read(provider, *fields)

    assert isinstance(found, Split)
    assert not found.certain


def test_errors_in_an_unknown_form_name_nobody(provider: Provider) -> None:
    for body in (b"", b"[]", b'{"errors": "x"}', b'{"errors": ["x"]}'):
        found = provider.read(make_batch(3), Response(400, {}, body))

        assert isinstance(found, Split)
        assert (found.certain, found.named) == (False, frozenset())
