"""What comes back of a call: whole, within a size, and plain even where it was packed."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import httpx
import pytest

from newsletter.providers import Response
from newsletter.providers.exchange import exchange

SAID = b'{"id": "\xc3\xa4"}' * 20
GZIP = gzip.compress(SAID, mtime=0)
LARGEST = 4 * 2**20


class Drip(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        middle = len(self._body) // 2
        yield from (self._body[:middle], self._body[middle:])


def asked(coding: str, body: bytes, status: int = 200) -> Response:
    """Ask a vendor that packs its answer although it was asked not to."""
    reply = httpx.Response(status, headers={"Content-Encoding": coding}, stream=Drip(body))
    with httpx.Client(transport=httpx.MockTransport(lambda _: reply)) as client:
        return exchange(client, "GET", "https://vendor.invalid/", {}, None, timeout=60)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", GZIP),
        ("X-GZip", GZIP),
        ("deflate", zlib.compress(SAID)),
        ("deflate", raw_deflate(SAID)),
        ("identity", SAID),
        ("", SAID),
    ],
    ids=["gzip", "its old name", "zlib", "deflate without a head", "identity", "not packed"],
)
def test_an_answer_that_was_packed_unasked_is_read(coding: str, body: bytes) -> None:
    assert asked(coding, body).body == SAID


def test_an_empty_answer_that_calls_itself_packed_is_empty() -> None:
    assert asked("gzip", b"", status=202) == Response(202, {"content-encoding": "gzip"}, b"")


@pytest.mark.parametrize(
    ("coding", "body", "why"),
    [
        ("br", b"\x0b\x02\x80", b"packed as 'br'"),
        ("gzip, br", GZIP, b"packed as 'gzip, br'"),
        ("gzip", b"bomb", b"packed as 'gzip'"),
        ("gzip", GZIP[:-9], b"packed as 'gzip'"),
        ("gzip", GZIP + b"more", b"packed as 'gzip'"),
    ],
    ids=["brotli", "twice", "not gzip at all", "cut", "more behind its end"],
)
def test_what_cannot_be_unpacked_says_so_and_keeps_its_status(
    coding: str, body: bytes, why: bytes
) -> None:
    found = asked(coding, body, status=429)

    assert found.status == 429
    assert why in found.body


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_small_answer_that_unpacks_to_a_huge_one_is_endless(coding: str) -> None:
    pack = gzip.compress if coding == "gzip" else zlib.compress

    assert len(asked(coding, pack(bytes(LARGEST))).body) == LARGEST
    with pytest.raises(httpx.ReadError, match="does not end"):
        asked(coding, pack(bytes(LARGEST + 1)))


def test_a_bomb_is_not_unpacked_beyond_its_bound() -> None:
    bomb = zlib.compress(bytes(64 * 2**20))

    tracemalloc.start()
    with pytest.raises(httpx.ReadError, match="does not end"):
        asked("deflate", bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 4 * LARGEST
