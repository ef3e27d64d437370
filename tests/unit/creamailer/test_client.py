from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from newsletter.creamailer import Account as Ours
from newsletter.creamailer.budget import Budget, SpentError
from newsletter.creamailer.client import TRIES, Call, Client, RefusedError, signature
from newsletter.errors import ProviderError
from newsletter.store import Store
from newsletter.testing import creamailer as server
from newsletter.testing.creamailer import (
    Asked,
    CreamailerServer,
    Fault,
    InProcess,
    dropped,
    failing,
    faulty,
)
from tests.unit.creamailer.worlds import KEYS_OF_TESTS, World, settings_for


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    client = client_of(world)
    yield client
    client.close()


def client_of(world: World, transport: httpx.BaseTransport | None = None) -> Client:
    ours = Ours.of(settings_for(), KEYS_OF_TESTS)
    budget = Budget(world.store, ours.name, ours.calls_per_hour, clock=world.clock)
    return Client(
        ours,
        budget,
        clock=world.clock,
        sleep=world.slept.append,
        transport=transport or InProcess(world.account),
    )


def leave(address: str = "aino@example.com") -> Call:
    return Call("DELETE", "lists/1234/subscribers", {"email": address})


def test_a_call_is_signed_as_openssl_would_sign_it() -> None:
    # What `openssl dgst -sha256 -hmac "shared secret"` says of URL, body and time in a row.
    signed = signature(
        "shared secret",
        "https://api.cmfile.net/v2/api/lists?a=1",
        '{"x":"ä"}'.encode(),
        "1772442000",
    )

    assert signed == "7ae2e8602e78e08f4d212782fc28377873bb184fd2cd1249052c61042bc2446b"


def test_the_server_checks_what_it_is_given(world: World) -> None:
    call = leave("a+b&c=d@example.com")
    url = call.url(server.BASE)
    stamp = str(int(world.now.timestamp()))
    good = {
        "x-access-token": server.TOKEN,
        "x-request-timestamp": stamp,
        "x-request-signature": signature(server.SECRET, url, b"", stamp),
    }
    late = str(int(world.now.timestamp()) - 301)

    def answer(**changes: str) -> int:
        headers = good | {name.replace("_", "-"): value for name, value in changes.items()}
        return world.account.answer(
            Asked("DELETE", url.removeprefix("http://127.0.0.1"), headers, b"")
        ).status

    assert answer() == 404
    assert answer(x_access_token="other") == 401
    assert answer(x_request_signature="0" * 64) == 401
    assert answer(x_request_timestamp=late, x_request_signature=signature(
        server.SECRET, url, b"", late)) == 401  # fmt: skip


def test_what_is_signed_is_what_goes_over_the_wire(world: World, client: Client) -> None:
    world.account.put("1234", "ä+b&c=d/e?f#g%40h@example.com")

    client.ask(lambda: leave("ä+b&c=d/e?f#g%40h@example.com"))

    assert set(world.account.statuses("1234").values()) == {"unsubscribed"}


def test_a_call_that_fails_is_tried_again_each_try_counting(world: World, client: Client) -> None:
    world.account.then(failing(500), dropped(), failing(503))

    assert [item.number for item in client.lists()] == ["1234", "5678"]

    assert world.slept == [2.0, 4.0, 8.0]
    assert len(world.account.made) == 4


def test_after_four_failures_it_gives_up_and_says_so(world: World, client: Client) -> None:
    world.account.then(*[failing(502)] * TRIES)

    with pytest.raises(ProviderError, match="does not answer: 502 Server Error") as caught:
        client.lists()

    assert "nothing is lost" in caught.value.hint
    assert len(world.account.made) == TRIES


def test_something_that_is_no_json_is_no_answer(world: World, client: Client) -> None:
    world.account.then(Fault(status=200, body=b"<html>"), None)

    assert len(client.lists()) == 2


def test_429_rests_for_as_long_as_it_says(world: World, client: Client) -> None:
    world.account.then(failing(429, Retry_After="1200"))

    with pytest.raises(SpentError) as caught:
        client.lists()

    assert caught.value.until == world.now + timedelta(minutes=20)
    with pytest.raises(SpentError):  # another process heeds it, too
        client_of(world).lists()
    world.now += timedelta(minutes=20)
    assert client.lists()


def test_429_without_a_word_rests_for_a_quarter_of_an_hour(world: World, client: Client) -> None:
    world.account.then(failing(429))

    with pytest.raises(SpentError) as caught:
        client.lists()

    assert caught.value.until == world.now + timedelta(minutes=15)


def test_a_wrong_key_is_named(world: World, client: Client) -> None:
    world.account.then(Fault(status=401, body={"message": "Invalid signature."}))

    with pytest.raises(ProviderError, match="401 Invalid signature") as caught:
        client.lists()

    assert "NEWSLETTER_CREAMAILER_TOKEN" in caught.value.hint
    assert server.SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("off", "said"), [(-432, "7 min 12 s behind"), (600, "10 min 0 s ahead of")]
)
def test_a_clock_that_is_wrong_is_told(world: World, off: int, said: str) -> None:
    right = world.now
    world.account.clock = lambda: right
    world.now += timedelta(seconds=off)

    with pytest.raises(ProviderError) as caught:
        client_of(world).lists()

    assert said in caught.value.hint


def test_a_key_that_may_only_read_is_told(world: World, client: Client) -> None:
    world.account.may_write = False

    with pytest.raises(ProviderError) as caught:
        client.ask(leave)

    assert "may read, not write" in caught.value.hint


def test_faults_of_fields_are_given_as_they_are(world: World, client: Client) -> None:
    world.account.then(faulty({"subscribers.3.email": ["Not an address."]}))

    with pytest.raises(RefusedError) as caught:
        client.ask(leave)

    assert caught.value.faults == {"subscribers.3.email": ["Not an address."]}


def test_somebody_who_is_not_there_is_an_answer(client: Client) -> None:
    answer = client.ask(lambda: leave("nobody@example.com"))

    assert answer is not None
    assert answer.status == 404


def test_a_call_is_written_anew_for_each_try(world: World, client: Client) -> None:
    world.account.then(failing(500), failing(500))
    world.account.put("1234", "bo@example.com")
    written = iter([leave("aino@example.com"), leave("bo@example.com"), None])

    assert client.ask(lambda: next(written)) is None

    assert world.account.statuses("1234") == {"bo@example.com": "active"}
    assert len(world.account.made) == 2  # the third call was not made, and is not counted


def test_a_redirect_is_not_followed(world: World, client: Client) -> None:
    world.account.then(Fault(status=302, headers={"Location": "https://evil.example"}))

    with pytest.raises(ProviderError, match="302"):
        client.lists()


@pytest.mark.parametrize(
    "body",
    [{"message": "ok"}, {"data": {"id": 1}}, {"data": [{"name": "Aino"}]}, {"data": [7]}, [3]],
)
def test_an_answer_that_cannot_be_read_is_no_empty_list(
    world: World, client: Client, body: object
) -> None:
    world.account.then(Fault(status=200, body=body))

    with pytest.raises(ProviderError, match="cannot be understood"):
        client.subscribers("1234", "unsubscribed", 1)


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ({"data": ["aino@example.com"], "meta": {"last_page": 3, "total": 9}}, 3),
        ({"data": [{"email": "aino@example.com"}], "last_page": 3, "total": 9}, 3),
        ({"data": {"data": [{"email_address": " aino@example.com"}], "last_page": 3}}, 3),
        ([{"email": "aino@example.com"}], None),
    ],
)
def test_pages_are_read_in_whichever_shape(
    world: World, client: Client, body: object, last: int | None
) -> None:
    world.account.then(Fault(status=200, body=body))

    page = client.subscribers("1234", "active", 1)

    assert [row.address for row in page.rows] == ["aino@example.com"]
    assert page.last == last


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ({"name": "Aino Esimerkki"}, {"first_name": "Aino", "last_name": "Esimerkki"}),
        ({"name": "Aino"}, {}),
        ({"name": "Aino Maria Esimerkki"}, {}),
        ({"custom_fields": {"Kunta": "Sysmä"}}, {"municipality": "Sysmä"}),
        ({"custom_fields": [{"name": "kunta", "value": "Sysmä"}]}, {"municipality": "Sysmä"}),
        ({"kunta": "Sysmä", "custom_fields": []}, {"municipality": "Sysmä"}),
        ({"custom_fields": None, "name": None}, {}),
    ],
)
def test_names_and_fields_are_read_in_whichever_shape(
    world: World, client: Client, row: dict[str, object], values: dict[str, str]
) -> None:
    world.account.then(Fault(status=200, body={"data": [{"email": "a@example.com"} | row]}))

    (found,) = client.subscribers("1234", "active", 1).rows

    assert found.values == values


def test_what_they_say_is_shown_without_addresses(world: World, client: Client) -> None:
    world.account.then(Fault(status=400, body={"message": "aino@example.com\nis\x07odd"}))

    with pytest.raises(ProviderError) as caught:
        client.lists()

    assert caught.value.message.endswith("400 (address) is odd")


def test_all_of_it_works_over_a_socket(store: Store) -> None:
    world = World(store)
    with CreamailerServer(world.account) as creamailer:
        world.account.put("1234", "aino@example.com")
        ours = Ours.of(settings_for(creamailer.url), KEYS_OF_TESTS)
        budget = Budget(store, ours.name, 100, clock=world.clock)
        client = Client(ours, budget, clock=world.clock, sleep=world.slept.append)
        world.account.then(None, dropped(after=True), failing(500))

        assert len(client.lists()) == 2
        client.ask(lambda: leave("Aino@example.com"))
        client.close()

    assert world.account.statuses("1234") == {"aino@example.com": "unsubscribed"}
