import io
import logging
import logging.config
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.register.tokens import Tokens
from newsletter.testing import KEYS, NOW
from newsletter.testing.readers import token
from newsletter.web.guard import PRIVATE
from newsletter.web.masking import LOGGING, Masked, mask

TOKEN = token(1)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/assets/site.css",
        "/media/0123456789abcdef01234567.jpg",
        "/issues/loppuraportti-2025/fi",
        "/issues/loppuraportti/sv/010",
        "/issues",
        "/issues/kevat_2026/fi",
        "/issues/feed.sv.atom",
        "/subscribe",
        "/privacy",
        "/accessibility",
        "/api/subscriptions",
        "/sitemap.xml",
        "/robots.txt",
    ],
)
def test_public_paths_are_logged_as_they_are(path: str) -> None:
    assert mask(path) == path
    assert mask(path + "?utm=aino@example.fi") == path


@pytest.mark.parametrize(
    "target",
    [
        f"/u/{TOKEN}",
        f"/u/{TOKEN}/undo",
        f"/U/{TOKEN}",
        f"//u/{TOKEN}",
        f"/u%2F{TOKEN}",
        f"/x/u/{TOKEN}?a=b",
        f"/issues/{TOKEN}/fi",
        f"/issues/x/fi?{TOKEN}",
        f"/media/{TOKEN}",
        f"/assets/{TOKEN}",
        f"http://kirje.example.fi/u/{TOKEN}",
    ],
)
def test_a_token_is_never_logged_wherever_it_stands(target: str) -> None:
    assert TOKEN[:10] not in mask(target)


@given(st.sampled_from(PRIVATE), st.text(max_size=80))
def test_what_stands_behind_a_private_start_is_masked(start: str, text: str) -> None:
    assert mask(start + text) == f"{start}…"


PIECES = st.sampled_from(
    [
        *["/", "//", "?", "&", "=", "#", "%2F", "..", ".", " ", ";", "http://kirje.example.fi"],
        *["/u/", "/confirm/", "/preferences/", "/issues/", "/issues/feed.", ".atom", "/fi", "/010"],
        *["/media/", ".png", "/assets/", "/undo", "/subscribe", "/api/", "language=sv", "page=2"],
    ]
)
SUBSCRIBERS = st.integers(min_value=1, max_value=2**40)


@st.composite
def targets(draw: st.DrawFn) -> tuple[str, str]:
    """Make a token of any kind, and the target of a request with it somewhere, whole or cut."""
    tokens, number = Tokens(KEYS), draw(SUBSCRIBERS)
    token = draw(
        st.sampled_from(
            [
                tokens.unsubscribe(number, "uutiskirje", "kevatkirje"),
                tokens.preferences(number),
                tokens.request(str(number)),
                tokens.form(NOW + timedelta(seconds=number % 10**6)),
                tokens.mail(number, "uutiskirje"),
            ]
        )
    )
    before = "".join(draw(st.lists(PIECES, max_size=5)))
    after = "".join(draw(st.lists(PIECES, max_size=5)))
    return token, f"{before}{draw(st.sampled_from([token, token.upper()]))}{after}"


@given(targets())
def test_no_part_of_any_token_is_ever_logged(case: tuple[str, str]) -> None:
    token, target = case

    written = mask(target).lower()

    parts = {token[at : at + 12].lower() for at in range(len(token) - 11)}
    assert not [part for part in parts if part in written]


@given(targets(), st.ip_addresses())
def test_the_access_log_has_neither_token_query_nor_network_address(
    case: tuple[str, str], address: object
) -> None:
    token, target = case
    args = (f"{address}:4711", "GET", f"{target}?aino@example.fi", "1.1", 200)
    record = logging.makeLogRecord({"msg": '%s - "%s %s HTTP/%s" %d', "args": args})

    Masked().filter(record)

    for secret in (token, str(address), "aino", "?"):
        assert secret not in record.getMessage()


def test_an_access_record_loses_token_and_network_address() -> None:
    args = ("203.0.113.9:4711", "POST", f"/u/{TOKEN}?x", "1.1", 200)
    record = logging.makeLogRecord({"msg": '%s - "%s %s HTTP/%s" %d', "args": args})

    assert Masked().filter(record)
    assert record.getMessage() == '- - "POST /u/… HTTP/1.1" 200'


def test_a_record_of_another_shape_is_not_trusted() -> None:
    record = logging.makeLogRecord({"msg": f"GET /u/{TOKEN}"})

    assert Masked().filter(record)
    assert TOKEN not in record.getMessage()


def test_the_configuration_for_the_server_is_one_that_logging_takes() -> None:
    configurator = logging.config.DictConfigurator(
        {**LOGGING, "loggers": {"newsletter.test": {"handlers": ["access"], "filters": ["masked"]}}}
    )
    configurator.configure()
    logger = logging.getLogger("newsletter.test")
    handler = logger.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream := io.StringIO())

    logger.warning('%s - "%s %s HTTP/%s" %d', "::1", "GET", f"/u/{TOKEN}", "1.1", 404)

    assert "GET /u/… HTTP/1.1 404" in stream.getvalue()
    logger.handlers.clear()
