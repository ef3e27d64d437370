"""A good issue changed at random: never a traceback, always findings with places or a rendering."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from newsletter import desk
from newsletter.errors import Finding, FindingsError
from newsletter.testing import NOW, make_settings
from newsletter.testing.issues import GOOD_BLOCKS, GOOD_ISSUE, GOOD_SNIPPETS
from newsletter.workspace import Workspace

Mutation = Callable[[bytes, random.Random], bytes]
SIGNS: Final = (
    *(b":", b": ", b"- ", b"#", b" #", b"{", b"}", b"[", b"]", b"{{", b"}}", b"'", b'"', b"|"),
    *(b">", b"&a", b"*a", b"!!int ", b"\t", b"\r", b"\x00", b"\xff", b"\xc2\x85", b"\xe2\x80\xae"),
    *(b"---\n", b"...\n", b"%", b"@", b"`", b"null", b"true", b"1", b"~", b"\n", b"\n\n", b"\\"),
    *(b"https://", b"javascript:", b"[x](", b"](y)", b"**", b"### ", b"<b>", b"&amp;", b"\xf0\x9f"),
    *(b"# newsletter: allow NL423 because so", b"# newsletter: ", b"when: {x: y}", b"lang: xx\n"),
)


def _swap_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    a, b = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _indent(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    step = chance.choice([1, 2, 4])
    lines[at] = b" " * step + lines[at] if chance.random() < 0.5 else lines[at][step:]
    return b"".join(lines)


def _drop(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def _double(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(SIGNS) + data[at:]


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _retype(data: bytes, chance: random.Random) -> bytes:
    """Replace what stands behind a key."""
    lines = data.splitlines(keepends=True)
    keyed = [at for at, line in enumerate(lines) if b": " in line]
    if not keyed:
        return data
    at = chance.choice(keyed)
    key = lines[at].partition(b": ")[0]
    value = chance.choice([b"", b"[]", b"{}", b"[a, b]", b"{a: b}", b"7", b"no", b"true", b'""'])
    lines[at] = key + b": " + value + b"\n"
    return b"".join(lines)


def _rename(data: bytes, chance: random.Random) -> bytes:
    """Misspell a key."""
    lines = data.splitlines(keepends=True)
    keyed = [at for at, line in enumerate(lines) if b":" in line]
    if not keyed:
        return data
    at = chance.choice(keyed)
    key, colon, rest = lines[at].partition(b":")
    lines[at] = key[:-1] + key[-1:] * 2 + colon + rest
    return b"".join(lines)


def _cut(data: bytes, chance: random.Random) -> bytes:
    """Leave what an editor has written so far."""
    return data[: chance.randrange(len(data))]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    _swap_lines, _indent, _drop, _double, _insert, _overwrite, _retype, _rename, _cut,
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mutations")
    (root / "issues" / "snippets").mkdir(parents=True)
    (root / "issues" / "images").mkdir()
    for name, text in GOOD_SNIPPETS.items():
        (root / "issues" / "snippets" / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name in ("torit.jpg", "kunta.png"):
        Image.new("RGB", (60, 40), "#0e5a78").save(root / "issues" / "images" / name)
    return root


def _look(root: Path, data: bytes) -> None:
    """Check an issue of these bytes; whatever is told has a place and words."""
    (root / "issues" / "muunnos.yaml").write_bytes(data)
    lines = max(1, data.count(b"\n") + data.count(b"\r") + 1)
    rendered = ""
    found: tuple[Finding, ...] = ()
    try:
        prepared = desk.prepare(Workspace(root, make_settings()), "muunnos", now=NOW)
        rendered, found = next(iter(prepared.editions)).html.fill({}), prepared.findings
    except FindingsError as error:
        found = error.findings
    assert found or rendered.startswith("<!doctype html>")
    for finding in found:
        assert finding.message
        assert finding.hint
        assert finding.place.file
        if finding.place.file.endswith("muunnos.yaml"):
            assert 0 <= finding.place.line <= lines
            assert finding.place.column <= len(finding.place.source) + 1


def test_the_issues_that_are_changed_are_good(root: Path) -> None:
    for text in (GOOD_ISSUE, GOOD_BLOCKS):
        _look(root, text.encode())


@given(seed=st.integers(0, 2**32), text=st.sampled_from([GOOD_ISSUE, GOOD_BLOCKS]))
@example(seed=0, text=GOOD_ISSUE)
@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_change_makes_a_traceback(root: Path, seed: int, text: str) -> None:
    chance = random.Random(seed)
    data = text.encode()
    for _ in range(chance.choice([1, 1, 2, 5])):
        data = chance.choice(MUTATIONS)(data, chance) or b"\n"

    _look(root, data)
