"""Posts as people read them: lines with quotations, links and spoilers, and what became of their images.

Nothing of a board's HTML reaches a page. The text is that of the dataset; the HTML that is kept only tells which
letters of it were hidden, bold or code, and only where it says the very same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from app.plugins import Database
from datasources._imageboard.query import plain_text

_STYLES = {"s": "spoiler", "pre": "code", "code": "code", "b": "bold", "strong": "bold", "i": "italic", "em": "italic"}
_CLASSES = {"spoiler": "spoiler", "greentext": "", "prettyprint": "code"}
_LINK = re.compile(r">>(\d{1,19})(?!\d)")
_LONGEST = 100_000

Part = dict[str, Any]


class _Styled(HTMLParser):
    """Reads which letters of a text have which style: pairs of text and style."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a style begins; a break is a new line."""
        if tag in ("br", "wbr"):
            if tag == "br":
                self.handle_data("\n")
            return
        classes = (dict(attrs).get("class") or "").lower().split()
        style = next((_CLASSES[name] for name in classes if name in _CLASSES), _STYLES.get(tag, ""))
        self._open.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends; the end of a paragraph is a new line."""
        while self._open and any(tag == opened for opened, _ in self._open):
            if self._open.pop()[0] == tag:
                break
        if tag in ("p", "div"):
            self.handle_data("\n")

    def handle_data(self, data: str) -> None:
        """Take text in with the styles that are open."""
        styles = dict.fromkeys(style for _, style in self._open if style)
        self.pieces.append((data.replace("\u00ad", ""), " ".join(styles)))


def lines_of(text: str, markup: str | None = None) -> list[dict[str, Any]]:
    """The lines of a post: whether each is a quotation, and its parts: `text`, `style`, `to` (a post)."""
    pieces = [(text, "")]
    if markup and len(markup) <= _LONGEST and plain_text(markup) == text:
        reader = _Styled()
        reader.feed(markup)
        reader.close()
        if "".join(piece for piece, _ in reader.pieces) == text:
            pieces = reader.pieces
    lines: list[list[Part]] = [[]]
    for piece, style in pieces:
        for number, line in enumerate(piece.split("\n")):
            if number:
                lines.append([])
            lines[-1].extend(_linked(line, style))
    return [{"is_quote": _is_quote(parts), "parts": parts} for parts in lines]


def _linked(text: str, style: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for found in _LINK.finditer(text):
        parts.append({"text": text[end : found.start()], "style": style, "to": None})
        parts.append({"text": found[0], "style": style, "to": found[1]})
        end = found.end()
    parts.append({"text": text[end:], "style": style, "to": None})
    return [part for part in parts if part["text"]]


def _is_quote(parts: Sequence[Part]) -> bool:
    line = "".join(part["text"] for part in parts)
    return line.startswith(">") and not _LINK.match(line)


def explain(source: str, items: Sequence[Mapping[str, Any]], database: Database) -> list[dict[str, Any]]:
    """The lines of each post, and the name in storage of its image or what became of it."""
    images = _images(database, [item.get("image_md5") for item in items])
    markup = _markup(database, source, items)
    explained = []
    for item in items:
        found = images.get(item.get("image_md5") or "", {})
        explained.append(
            {
                "lines": lines_of(item.get("body") or "", markup.get((item.get("board"), item.get("id")))),
                "image": found.get("name") if found.get("state") == "stored" else None,
                "image_state": found.get("state"),
                "image_reason": found.get("reason"),
            }
        )
    return explained


def _images(database: Database, md5s: Sequence[Any]) -> dict[str, dict[str, Any]]:
    rows = database.many(
        "SELECT md5, state, name, reason FROM imageboard_images WHERE md5 = ANY(%(md5s)s::text[])",
        md5s=[md5 for md5 in md5s if isinstance(md5, str)],
    )
    return {row["md5"]: row for row in rows}


def _markup(database: Database, source: str, items: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, Any], str]:
    """The HTML of those posts that are kept, by board and number."""
    known = [(item.get("board"), str(item.get("id"))) for item in items]
    asked = [(board, id_) for board, id_ in known if isinstance(board, str) and id_.isascii() and id_.isdigit()]
    asked = [(board, id_) for board, id_ in asked if len(id_) < 19]
    rows = database.many(
        "SELECT p.board, p.id::text AS id, p.body FROM imageboard_posts p"
        " JOIN unnest(%(boards)s::text[], %(ids)s::bigint[]) AS asked (board, id) USING (board, id)"
        " WHERE p.source = %(source)s AND p.body IS NOT NULL",
        source=source,
        boards=[board for board, _ in asked],
        ids=[int(id_) for _, id_ in asked],
    )
    return {(row["board"], row["id"]): row["body"] for row in rows}
