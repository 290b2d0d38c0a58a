"""Files made as they are sent, as pages and the API answer them."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from app.services.download import disposition

LONE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For a file of somebody's that a browser shows by itself: it may do nothing, and nobody may frame it."""


def file_to_save(name: str, content_type: str, chunks: Iterable[bytes]) -> Response:
    """What a browser saves under this name, and asks for anew each time."""
    answer = Response(chunks, content_type=content_type)
    answer.headers["Content-Disposition"] = disposition(name)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
