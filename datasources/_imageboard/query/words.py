"""The words of a text: what both search engines index and what a query is made of.

A word is a run of letters, digits and underscores of any script, without case and accents; a Chinese, Japanese or
Korean character is a word by itself. Posts are stored with their words spelt out, so that every engine sees the same.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

LONGEST = 42
"""Characters of a word that count; search engines cut longer ones too."""

_IDEOGRAPH = "\u1100-\u11ff\u2e80-\u2fdf\u3040-\u30ff\u3130-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_IDEOGRAPH += "\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_IDEOGRAPH}]|[^\W{_IDEOGRAPH}]+")
_STARRED = re.compile(rf"\*?[^\W{_IDEOGRAPH}](?:[^\W{_IDEOGRAPH}]|\*)*|[{_IDEOGRAPH}]|\*")
_STARS = re.compile(r"\*+")
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_BREAK = re.compile(r"<br\s*/?>|</p>|</div>", re.IGNORECASE)
_OPTIONAL_BREAK = re.compile(r"<wbr\s*/?>|\u00ad", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")


def plain_text(body: str | None) -> str:
    """A post's HTML as text: breaks become lines, tags go, entities become characters."""
    if not body:
        return ""
    text = _TAG.sub("", _BREAK.sub("\n", _OPTIONAL_BREAK.sub("", body)))
    return html.unescape(text).replace("\x00", "")


@lru_cache(maxsize=65_536)
def _folded(character: str) -> str:
    """A character without case and accents; itself where that would be more than one character."""
    lowered = character.lower()
    bare = "".join(part for part in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(part))
    if len(bare) == 1 and (bare.isalnum() or bare == "_"):
        return bare
    return lowered if len(lowered) == 1 else character


def tokens(text: str) -> list[str]:
    """The words of a text, in order, folded and cut to LONGEST characters."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII_WORD.findall(text.lower())]
    return [word[:LONGEST] for word in _WORD.findall(_all_folded(text))]


def starred_tokens(text: str) -> list[str]:
    """The words of a text in which stars stay with the letters that they touch; a star that touches none is by itself.

    What stands between two stars is cut to LONGEST characters.
    """
    found = _STARRED.findall(_all_folded(_STARS.sub("*", text)))
    return ["*".join(part[:LONGEST] for part in word.split("*")) for word in found]


def is_ideograph(character: str) -> bool:
    """Whether a character is a word by itself."""
    return re.fullmatch(f"[{_IDEOGRAPH}]", character) is not None


def _all_folded(text: str) -> str:
    return "".join(map(_folded, unicodedata.normalize("NFC", text)))


def spaced(text: str) -> str:
    """The words of a text with a space before and after each; empty when there are none. This is what is indexed."""
    found = tokens(text)
    return f" {' '.join(found)} " if found else ""
