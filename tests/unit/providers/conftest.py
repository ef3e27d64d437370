"""Each vendor's twin with its provider, opened once: a client is costly to make."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache

import pytest

from newsletter.providers import Provider
from newsletter.testing.drivers import make_provider
from newsletter.testing.servers import VendorServer
from newsletter.testing.vendors import VENDORS
from tests.standins.specs import SPECS

World = tuple[VendorServer, Provider]


@pytest.fixture(scope="session")
def _opened() -> Iterator[Callable[[str], World]]:
    with ExitStack() as stack:

        @cache
        def open_(name: str) -> World:
            spec = SPECS / VENDORS[name].spec
            judged = spec.is_file() and name != "brevo"  # a large file, which tells of no question
            vendor = VENDORS[name](spec if judged else None)
            server = stack.enter_context(VendorServer(vendor))
            return server, stack.enter_context(closing(make_provider(name, server.url)))

        yield open_


@pytest.fixture
def world(name: str, _opened: Callable[[str], World]) -> Iterator[World]:
    """Give the twin of `name` as if it were new, and its provider."""
    server, provider = _opened(name)
    page, now = server.vendor.page, server.now
    server.begin_anew()
    yield server, provider
    server.vendor.page, server.now = page, now


@pytest.fixture
def server(world: World) -> VendorServer:
    return world[0]


@pytest.fixture
def provider(world: World) -> Provider:
    return world[1]
