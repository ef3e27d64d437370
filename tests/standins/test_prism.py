"""Stoplight's Prism between our drivers and the vendors' own files, over real sockets.

Every driver whose vendor publishes a file that Prism reads is tried, a new one without a word here.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from newsletter import providers
from newsletter.errors import ProviderError
from newsletter.providers import Outcome, State
from newsletter.providers.http import HTTPProvider
from newsletter.testing.batches import make_batch
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import VENDORS
from tests.standins import specs
from tests.standins.conftest import installed, node

NAMES: Final = [name for name in providers.names() if name in VENDORS and specs.readable(name)]
SILENT: Final = {
    "brevo": "its example's ids are empty",
    "mandrill": "its example names somebody else",
    "scaleway": "its example names nobody",
    "sendgrid": "its file knows no X-Message-Id",
}
"""Whose example of a good answer does not say who was taken."""


@contextmanager
def driver(name: str, url: str) -> Iterator[HTTPProvider]:
    provider = make_provider(name, url)
    with closing(provider):
        assert isinstance(provider, HTTPProvider)
        yield provider


def send(provider: HTTPProvider, count: int) -> list[Outcome]:
    return [item for outcomes in provider.send(make_batch(count)) for item in outcomes]


@contextmanager
def prism(folder: Path) -> Iterator[tuple[dict[str, dict[str, str]], dict[str, Any]]]:
    """Run Prism for every file, before each vendor's twin; give its places and the files."""
    installed()
    if not NAMES:
        pytest.skip("none of the vendors' files beside the checkout")
    files, plan = {}, []
    with ExitStack() as stack:
        for name in NAMES:
            twin = stack.enter_context(VendorServer(VENDORS[name]()))
            with driver(name, twin.url) as provider:
                called = next(iter(provider.requests(make_batch(1)))).url
            file = specs.readable(name)
            assert file is not None
            files[name] = specs.prepared(name, file, called)
            target = folder / f"{name}.json"
            target.write_text(json.dumps(files[name]), encoding="utf-8")
            plan.append({"name": name, "file": str(target), "upstream": twin.url})
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        said = stack.enter_context(node(["prism.js", str(folder / "plan.json")]))
        yield json.loads(said.readline()), files


def test_prism_finds_no_fault(subtests: pytest.Subtests, tmp_path: Path) -> None:
    # One test, so that one Prism is started, whichever process gets it.
    with prism(tmp_path) as (places, files):
        for name in NAMES:
            with subtests.test("our calls and our twin's answers are the vendor's", name=name):
                calls_and_answers_are_valid(name, places[name]["proxy"])
            with subtests.test("the vendor's own example is read", name=name):
                the_example_is_read(name, places[name]["mock"])
            with subtests.test("a documented refusal takes nobody", name=name):
                refusals_take_nobody(name, places[name]["mock"], files[name])
            with subtests.test("what breaks the file is refused", name=name):
                a_wrong_call_is_refused(name, places[name]["mock"])


def calls_and_answers_are_valid(name: str, url: str) -> None:
    with driver(name, url) as provider:
        outcomes = send(provider, 3)

    assert [item.state for item in outcomes] == [State.ACCEPTED] * 3, outcomes[0].reason


def the_example_is_read(name: str, url: str) -> None:
    with driver(name, url) as provider:
        (outcome,) = send(provider, 1)

    assert (outcome.state is State.ACCEPTED) == (name not in SILENT), outcome.reason
    assert outcome.state in {State.ACCEPTED, State.UNKNOWN}


def refusals_take_nobody(name: str, url: str, file: dict[str, Any]) -> None:
    """Ask Prism for each status that the file lists, as its answer to a good call."""
    (path,) = file["paths"].values()
    for status in path["post"]["responses"]:
        if not status.startswith(("4", "5")) or not status.isdecimal():
            continue
        with driver(name, url) as provider:
            provider._client.headers["Prefer"] = f"code={status}"
            try:
                outcomes = send(provider, 1)
            except ProviderError:
                continue  # it stops: nobody is taken either
        assert [item.state is State.ACCEPTED for item in outcomes] == [False], status


def a_wrong_call_is_refused(name: str, url: str) -> None:
    """See that Prism judges: with one field misspelt."""
    with driver(name, url) as provider:
        request = next(iter(provider.requests(make_batch(1))))
        misspelt = bytes(request.body).replace(b"ubject", b"ubjetc", 1)
        headers = {**request.headers, "Content-Length": str(len(misspelt))}
        answer = provider._exchange("POST", request.url, headers, iter([misspelt]))

    assert answer.status in {400, 422}, answer
