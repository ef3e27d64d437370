"""From the one-key mapping that YAML has for a block to the fields of that kind of block."""

from collections.abc import Mapping
from typing import Any, Never

from newsletter.errors import near
from newsletter.issue.rules import Rule
from newsletter.issue.texts import fault
from newsletter.issue.values import BaseBlock

Kinds = Mapping[str, type[BaseBlock]]
"""Block classes by their kind."""


def fields_of(value: object, kinds: Kinds) -> object:
    """Open a block: `{heading: News}` becomes `{kind: heading, text: News}`."""
    if isinstance(value, str):
        return {"kind": value} if _stands_alone(value, kinds) else _refuse_word(value, kinds)
    if not isinstance(value, dict):
        fault(
            Rule.SHAPE,
            "a block is missing here" if value is None else "this is no block",
            "a block is written '- heading: …'",
        )
    if len(value) != 1:
        _refuse_keys(value, kinds)
    kind, content = next(iter(value.items()))
    if kind not in kinds:
        fault(Rule.UNKNOWN_BLOCK, f"unknown block {kind!r}", near(kind, kinds), below=(kind,))
    return _fields(kind, content, kinds)


def _stands_alone(word: str, kinds: Kinds) -> bool:
    block = kinds.get(word)
    return block is not None and not _needed(block)


def _needed(block: type[BaseBlock]) -> list[str]:
    return [name for name, field in block.model_fields.items() if field.is_required()]


def _refuse_word(word: str, kinds: Kinds) -> Never:
    if word in kinds:
        _refuse_nothing(word, ())
    if len(word.split()) > 1:
        fault(Rule.SHAPE, "this is text, not a block", "write '- text: …'")
    fault(Rule.UNKNOWN_BLOCK, f"unknown block {word!r}", near(word, kinds))


def _refuse_nothing(kind: str, below: tuple[str, ...]) -> Never:
    message = f"the block {kind!r} has nothing in it"
    fault(Rule.SHAPE, message, f"write '- {kind}: …'", below=below)


def _refuse_keys(value: dict[str, Any], kinds: Kinds) -> Never:
    known = [key for key in value if key in kinds]
    if len(known) > 1:
        fault(
            Rule.SHAPE,
            f"this block has two kinds: {' and '.join(known[:2])}",
            f"begin the second with a dash of its own: '- {known[1]}: …'",
            below=(known[1],),
        )
    if not known:
        names = ", ".join(repr(key) for key in list(value)[:3])
        fault(
            Rule.SHAPE,
            f"a block has one key, its kind; this one has {names}" if value else "an empty block",
            near(next(iter(value), ""), kinds),
        )
    other = next(key for key in value if key not in kinds)
    fault(
        Rule.SHAPE,
        f"{other!r} stands beside the block {known[0]!r}, not in it",
        f"indent it deeper than '{known[0]}:'",
        below=(other,),
    )


def _fields(kind: str, content: object, kinds: Kinds) -> object:
    block = kinds[kind]
    if isinstance(content, dict):
        if "kind" in content:
            fault(
                Rule.UNKNOWN_KEY,
                f"unknown key 'kind' in {kind}",
                "take it out",
                below=(kind, "kind"),
            )
        return {"kind": kind, **content}
    if content is None:
        return {"kind": kind} if _stands_alone(kind, kinds) else _refuse_nothing(kind, (kind,))
    if block.short is None:
        needed = _needed(block)
        fault(
            Rule.TYPE,
            f"{kind} needs keys of its own",
            f"write {kind}: {{{', '.join(f'{name}: …' for name in needed)}}}" if needed else "",
            below=(kind,),
        )
    return {"kind": kind, block.short: content}
