"""The text of bytes that do not say in which encoding they are."""

from __future__ import annotations

import codecs


def text_in(content: bytes, *, is_cut: bool = False) -> str | None:
    """The text of bytes in UTF-8, UTF-16 or else Windows-1252; None when they are no text.

    With `is_cut` the last character may be there in part; it is left out.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if b"\0" in content:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(content, final=not is_cut)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
