import io
import logging
import logging.config

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.testing.readers import token
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


@given(st.text(max_size=80))
def test_what_stands_behind_u_is_masked(text: str) -> None:
    assert mask(f"/u/{text}") == "/u/…"


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
