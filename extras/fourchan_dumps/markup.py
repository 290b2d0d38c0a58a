"""The comments of dumps, which are plain text, as the HTML in which the board would have given them."""

from __future__ import annotations

import html
import re

_REFERENCE = re.compile(r"&gt;&gt;(\d{1,18})")
_ELSEWHERE = re.compile(r"&gt;&gt;&gt;/(\w{1,10})/(\d{1,18})?")
_QUOTED = re.compile(r"^(&gt;(?!&gt;).*)$", re.MULTILINE)
_PAIRS = (
    (re.compile(r"\[spoiler\](.*?)\[/spoiler\]", re.DOTALL), r"<s>\1</s>"),
    (re.compile(r"\[code\](.*?)\[/code\]", re.DOTALL), r'<pre class="prettyprint">\1</pre>'),
    (re.compile(r"\[banned\](.*?)\[/banned\]", re.DOTALL), r"<strong>\1</strong>"),
)
_LITERAL = re.compile(r"\[(/?\w+):lit\]")


def to_html(comment: str) -> str:
    """A comment with its breaks, quotations, references to posts, spoilers and code marked up as 4chan does.

    `plain_text` of it is the comment again, without the archives' own marks.
    """
    text = escaped(comment)
    if "&gt;" in text:
        text = _QUOTED.sub(r'<span class="quote">\1</span>', text)
        text = _ELSEWHERE.sub(_link_elsewhere, text)
        text = _REFERENCE.sub(r'<a href="#p\1" class="quotelink">&gt;&gt;\1</a>', text)
    if "[" in text:
        for pattern, mark in _PAIRS:
            text = pattern.sub(mark, text)
        text = _LITERAL.sub(r"[\1]", text)
    return text.replace("\r\n", "\n").replace("\n", "<br>") if "\n" in text else text


def escaped(text: str) -> str:
    """Text in HTML: the signs with a meaning there as entities."""
    return html.escape(text).replace("&#x27;", "&#039;")


def _link_elsewhere(found: re.Match[str]) -> str:
    board, number = found[1], found[2]
    place = f"/{board}/thread/{number}#p{number}" if number else f"/{board}/"
    shown = f"&gt;&gt;&gt;/{board}/{number or ''}"
    return f'<a href="{place}" class="quotelink">{shown}</a>'
