"""Texts of administrators, written in Markdown, as HTML that can do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jinja2.utils import urlize
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markupsafe import Markup

from app.domain.texts import Text, told


def as_html(text: str) -> Markup:
    """A text as HTML, headings one level below that of the page; one of ours in the reader's language.

    HTML in it is shown as it is written, links lead to web pages and mail addresses only, and pictures, which pages of
    this site do not fetch from others, become links to them. Addresses are links without being marked as such.
    """
    return _rendered(told(text) if isinstance(text, Text) else text)


@lru_cache(maxsize=128)
def _rendered(text: str) -> Markup:
    # Raw HTML is escaped by the library, and links to scripts are not made.
    return Markup(_markdown().render(text))  # noqa: S704


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
    parser.core.ruler.push("for a page", _for_a_page)
    parser.add_render_rule("addresses", _addresses)
    parser.add_render_rule("image", _picture)
    return parser


def _for_a_page(state: Any) -> None:
    """Lower headings, and mark text in which addresses may stand: that outside of links."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        links = 0
        for part in token.children or ():
            links += part.nesting if part.type in ("link_open", "link_close") else 0
            if part.type == "text" and not links:
                part.type = "addresses"


def _addresses(renderer: RendererProtocol, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    return str(urlize(tokens[place].content))


def _picture(renderer: RendererProtocol, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    address, label = str(tokens[place].attrs.get("src", "")), tokens[place].content
    if not address.startswith(("https://", "http://", "/")):
        return escapeHtml(label)
    return f'<a href="{escapeHtml(address)}">{escapeHtml(label or address)}</a>'
