"""How deeply lists and objects of JSON lie within each other, counted while the text goes by."""

from __future__ import annotations

import re

from app.plugins import InvalidInput

DEEPEST = 500
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes(1 if chr(code) in "[{" else 255 if chr(code) in "]}" else 0 for code in range(256))


class Depth:
    """Watches the depth of a JSON text. What is nested thousandfold takes readers hours, and is no post."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, block: bytes) -> None:
        """Look at the next bytes. :raises InvalidInput: when lists and objects are nested more than `DEEPEST` times"""
        import numpy as np

        bare = _ESCAPE.sub(b"", block[1:] if self._escaped else block)
        self._escaped = bare.endswith(b"\\")
        pieces = bare.split(b'"')
        outside = b"".join(pieces[self._in_string :: 2])
        self._in_string ^= len(pieces) % 2 == 0
        brackets = outside.translate(_STEPS, _NO_BRACKETS)
        if brackets:
            levels = np.frombuffer(brackets, np.int8).cumsum(dtype=np.int64)
            if self._depth + int(levels.max()) > DEEPEST:
                text = f"Lists and objects of this JSON are nested more than {DEEPEST} times. No posts look like that."
                raise InvalidInput({"file": [text]})
            self._depth += int(levels[-1])
