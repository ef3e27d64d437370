"""Every kind of block, filled with any text: for tests that hold for all of them."""

from collections.abc import Mapping
from typing import Any, Final

URL: Final = "https://example.fi/sivu"
IMAGE: Final = "https://example.fi/kuva.png"


def every_block(
    text: str, *, markdown: str | None = None, image: str = IMAGE
) -> Mapping[str, dict[str, Any]]:
    """Give each kind of block as YAML has it, in its long form, with `text` in all its lines.

    `markdown` stands where Markdown does (default: the text), `image` where images come from.
    Columns and snippets are left out: they hold other blocks.
    """
    body = text if markdown is None else markdown
    return {
        "heading": {"text": text, "kicker": text, "level": 2},
        "text": {"body": body},
        "list": {"intro": body, "items": [body, body]},
        "image": {"src": image, "alt": text, "caption": text, "url": URL},
        "button": {"label": text, "url": URL},
        "byline": {"author": text, "role": text},
        "links": {"title": text, "items": [{"label": text, "url": URL}]},
        "contacts": {
            "title": text,
            "people": [
                {"name": text, "role": text, "phone": "040 123 4567", "email": "a@example.fi"},
                {"name": text},
                {"name": text},
            ],
        },
        "logos": {"title": text, "items": [{"src": image, "alt": text, "url": URL}]},
        "funding": {"programme": "esr-plus", "period": text, "body": body},
        "social": {"channels": ["website"]},
        "divider": {},
        "article": {
            "title": text,
            "image": {"src": image, "alt": text, "caption": text},
            "body": body,
            "url": URL,
            "label": text,
        },
        "quote": {"text": body, "source": text},
        "facts": {"items": [{"value": text, "label": text} for _ in range(4)]},
        "event": {
            "title": text,
            "starts": "2030-03-06T17:00",
            "ends": "2030-03-06T19:30",
            "place": text,
            "url": URL,
            "body": body,
        },
        "table": {"caption": text, "header": [text, text], "rows": [[text, text], [text, ""]]},
        "note": {"tone": "warning", "body": body},
    }
