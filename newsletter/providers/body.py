"""Bodies that are written while they are sent: many mails in a call, and little of it in memory.

A mail is cut into constant bytes and places once; per recipient only the places' short values are
made. The length is known before the first byte, so that no chunked encoding is needed.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Final

PIECE: Final = 256 * 1024
"""Bytes written at a time: what stays in the processor's cache is written at a fraction of the
cost, and a large body in one piece costs three times the CPU under TLS."""


class Form:
    """Constant bytes and places in turn, ready to be filled many times."""

    def __init__(self, pieces: Iterable[bytes | Hashable]) -> None:
        constants: list[bytes] = [b""]
        self._order: Final[list[Hashable]] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                constants[-1] += piece
            else:
                self._order.append(piece)
                constants.append(b"")
        self._parts: Final[list[bytes]] = [b""] * (2 * len(self._order) + 1)
        self._parts[::2] = constants
        self._constant: Final = sum(map(len, constants))

    @property
    def places(self) -> frozenset[Hashable]:
        """What must be given to fill it."""
        return frozenset(self._order)

    def size(self, values: Mapping[Hashable, bytes]) -> int:
        """Count the bytes that `fill` would give."""
        return self._constant + sum([len(values[place]) for place in self._order])

    def fill(self, values: Mapping[Hashable, bytes]) -> list[bytes]:
        """Give the pieces with every place filled."""
        filled = self._parts.copy()
        filled[1::2] = [values[place] for place in self._order]
        return filled


class Body:
    """A form filled for each recipient in turn, with something before, between and after."""

    def __init__(
        self,
        form: Form,
        recipients: Sequence[Mapping[Hashable, bytes]],
        *,
        before: bytes = b"",
        between: bytes = b"",
        after: bytes = b"",
    ) -> None:
        self._form: Final = form
        self._recipients: Final = recipients
        self._before, self._between, self._after = before, between, after
        gaps = len(between) * max(len(recipients) - 1, 0)
        self._length: Final = len(before) + gaps + len(after) + sum(map(form.size, recipients))

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one gives the same bytes."""
        return isinstance(other, Body) and bytes(self) == bytes(other)

    def __hash__(self) -> int:
        """Agree with equality; cheap, for bodies are hardly ever hashed."""
        return hash(self._length)

    def __len__(self) -> int:
        """Count its bytes."""
        return self._length

    def __bytes__(self) -> bytes:
        """Give it whole: for what is small, and for tests."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Write it piece by piece; each call gives the same bytes."""
        waiting, size = [self._before], len(self._before)
        for number, values in enumerate(self._recipients):
            if number:
                waiting.append(self._between)
            filled = self._form.fill(values)
            waiting += filled
            size += self._form.size(values)
            if size >= PIECE:
                yield b"".join(waiting)
                waiting, size = [], 0
        yield b"".join([*waiting, self._after])


def pieces(body: "bytes | Body") -> Iterator[bytes]:
    """Cut any body into what is written at a time."""
    if isinstance(body, Body):
        yield from body.pieces()
        return
    view = memoryview(body)
    for start in range(0, len(body), PIECE):
        yield bytes(view[start : start + PIECE])
