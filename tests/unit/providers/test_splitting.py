"""Refusals of whom nobody says that the address is at fault: how many are believed, and when."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest

from newsletter.errors import ProviderError
from newsletter.providers import Outcome, State
from newsletter.providers.splitting import MOST_DOUBTS, MOST_IN_A_ROW, Doubts
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer, answer
from newsletter.testing.smtpd import SMTPServer
from newsletter.testing.vendors import VENDORS

TAKEN = Outcome("t", State.ACCEPTED)


def unclear(count: int) -> list[Outcome]:
    return [Outcome(f"u{number}", State.REFUSED, "odd", unclear=True) for number in range(count)]


def test_unclear_refusals_wait_until_somebody_has_the_message() -> None:
    doubts, sure = Doubts(), Outcome("s", State.REFUSED, "bad address")

    first = doubts.settle([*unclear(1), sure, Outcome("l", State.RETRY)])

    assert first == [sure, Outcome("l", State.RETRY)]
    assert doubts.settle([TAKEN]) == [*unclear(1), TAKEN]
    assert not doubts.stop


def test_a_few_are_enough_as_long_as_nobody_has_it() -> None:
    doubts = Doubts(before=1)

    assert doubts.settle(unclear(MOST_DOUBTS - 1)) == []
    assert doubts.stop == "refuses the message: odd"


def test_many_in_a_row_stop_and_whoever_is_beyond_is_not_refused() -> None:
    doubts = Doubts(proven=True, row=5)

    found = doubts.settle(unclear(MOST_IN_A_ROW))

    assert len(found) == MOST_IN_A_ROW - 5
    assert doubts.stop == "refuses one after the other: odd"


def test_a_mail_that_is_taken_ends_the_row_and_a_certain_refusal_is_not_of_it() -> None:
    doubts, sure = Doubts(proven=True), Outcome("s", State.REFUSED, "bad address")
    told = [*unclear(MOST_IN_A_ROW), *[sure] * 40, TAKEN, *unclear(MOST_IN_A_ROW)]

    assert doubts.settle(told) == told
    assert (doubts.row, doubts.stop) == (MOST_IN_A_ROW, "")


def postmark(taken: bool, certain: bool) -> dict[str, Any]:
    if taken:
        return {"ErrorCode": 0, "Message": "OK", "MessageID": "a"}
    return {"ErrorCode": 406 if certain else 499, "Message": "no more of these"}


def mailjet(taken: bool, certain: bool) -> dict[str, Any]:
    if taken:
        return {"Status": "success", "To": [{"MessageID": 1}]}
    code, related = ("mj-0013", ["To[0].Email"]) if certain else ("send-0099", [])
    said = {"ErrorCode": code, "StatusCode": 400, "ErrorMessage": "odd"}
    return {"Status": "error", "Errors": [said | {"ErrorRelatedTo": related}]}


def mailtrap(taken: bool, certain: bool) -> dict[str, Any]:
    if taken:
        return {"success": True, "message_ids": ["a"]}
    return {"success": False, "errors": ["'to' address is invalid" if certain else "odd"]}


LISTS: dict[str, tuple[Callable[[bool, bool], dict[str, Any]], Callable[[Sequence[Any]], Any]]] = {
    "postmark": (postmark, list),
    "mailjet": (mailjet, lambda entries: {"Messages": entries}),
    "mailtrap": (mailtrap, lambda entries: {"responses": entries}),
}


@pytest.mark.parametrize("certain", [False, True], ids=["unclear", "addresses"])
@pytest.mark.parametrize("name", LISTS)
def test_an_account_closed_within_a_call_stops_the_mailing_there(name: str, certain: bool) -> None:
    entry, listed = LISTS[name]
    told = listed([entry(number < 3, certain) for number in range(40)])
    found: list[Outcome] = []
    with VendorServer(VENDORS[name]()) as server:
        server.then(answer(200, body=json.dumps(told).encode()))
        with closing(make_provider(name, server.url)) as provider:
            outcomes = (item for items in provider.send(make_batch(40)) for item in items)
            if certain:
                found.extend(outcomes)
            else:
                with pytest.raises(ProviderError, match="one after the other"):
                    found.extend(outcomes)

    refused = [item for item in found if item.state is State.REFUSED]
    assert len(found) - len(refused) == 3
    assert len(refused) == (37 if certain else MOST_IN_A_ROW)


def test_a_mail_server_that_closes_an_account_stops_the_mailing_there() -> None:
    found: list[Outcome] = []
    with SMTPServer() as server:
        server.replies["DATA"].extend([None, *["554 5.3.0 account is closed"] * 40])
        provider = make_provider("smtp", port=server.port)
        with closing(provider), pytest.raises(ProviderError, match="one after the other"):
            found.extend(item for items in provider.send(make_batch(40)) for item in items)

    assert [item.state for item in found] == [State.ACCEPTED, *[State.REFUSED] * MOST_IN_A_ROW]
