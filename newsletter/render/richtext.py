"""Markdown, the small subset that an issue may use: to safe styled HTML, and to plain text."""

import re
from collections.abc import Sequence
from typing import Final

import css_inline
import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

_SCHEMES: Final = {"https", "http", "mailto", "tel"}
_TAGS: Final = {"p", "br", "strong", "em", "a", "ul", "ol", "li", "h3", "span"}
_INLINER: Final = css_inline.CSSInliner(minify_css=True, load_remote_stylesheets=False)
_ROOT: Final = "<div>", "</div>"


def _parser() -> MarkdownIt:
    """Emphasis, links, lists, breaks and headings; no HTML, images, code or quotations."""
    parser = MarkdownIt("zero", {"html": False, "xhtmlOut": True})
    parser.enable(["list", "heading", "reference", "newline", "escape", "emphasis", "link"])
    parser.enable(["autolink", "entity", "balance_pairs"])
    parser.validateLink = _may_lead_to  # type: ignore[method-assign]  # the documented way
    return parser


def _may_lead_to(url: str) -> bool:
    return re.match(r"(?:https?|mailto|tel):", url.strip(), re.IGNORECASE) is not None


_MARKDOWN: Final = _parser()


def blocks(text: str, css: str) -> str:
    """Write Markdown as HTML paragraphs, lists and headings with inline styles from `css`."""
    return _finish(_render(_MARKDOWN.parse(text)), css)


def items(texts: Sequence[str], css: str, *, ordered: bool) -> str:
    """Write Markdown texts as the items of one HTML list."""
    tag = "ol" if ordered else "ul"
    return _finish("".join([f"<{tag}>", *map(_item, texts), f"</{tag}>"]), css)


def _item(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    if len(tokens) == len(("paragraph_open", "inline", "paragraph_close")):
        tokens[0].hidden = tokens[-1].hidden = True
    return f"<li>{_render(tokens)}</li>"


def _render(tokens: list[Token]) -> str:
    for position, token in enumerate(tokens):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h3"
        if token.type == "inline" and tokens[position - 1].hidden:
            token.children = _spanned(token.children or [])
    return str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


def parse(text: str) -> list[Token]:
    """Give the parser's tokens, for plain text."""
    return _MARKDOWN.parse(text)


def _spanned(children: list[Token]) -> list[Token]:
    """Wrap a tight list item's text, so that its colour is not that of the marker."""
    return [
        Token("html_inline", "", 0, content="<span>"),
        *children,
        Token("html_inline", "", 0, content="</span>"),
    ]


def _finish(html: str, css: str) -> str:
    safe = nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel=None
    )
    start, end = _ROOT
    # A root element of its own makes :first-child mean the first of the text.
    styled = _INLINER.inline_fragment(f"{start}{safe.strip()}{end}", css)
    return styled.removeprefix(start).removesuffix(end)
