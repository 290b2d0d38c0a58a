"""Charts as pictures for a page: drawn here in its colours, and only when the browser has not got them yet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Response
from flask import make_response as plain_response
from htmx_flask import request

from app import __version__
from app.services import charts
from app.web.language import language
from app.web.page import accent


def theme() -> str:
    """The theme that the page asks for."""
    return "dark" if request.args.get("theme") == "dark" else "light"


def _width() -> int:
    """How wide the picture is drawn."""
    if "narrow" in request.args:
        return charts.NARROW
    return charts.WIDE if "wide" in request.args else charts.WIDTH


def once(made_of: Iterable[str], make: Callable[[], Response]) -> Response:
    """The answer, unless the browser has one that was made of the same, in the same theme, by this version."""
    look = json.dumps([charts.config(theme(), accent()), language()], sort_keys=True)
    mark = hashlib.sha256("\n".join([*made_of, theme(), str(_width()), look, __version__]).encode()).hexdigest()[:32]
    response = plain_response("", 304) if request.if_none_match.contains(mark) else make()
    response.set_etag(mark)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def drawn(spec: dict[str, Any], form: str = "svg") -> Response:
    """A chart as a picture, `svg` or `png`, which may do nothing but be looked at."""
    is_svg = form == "svg"
    response = plain_response(
        charts.draw_svg(spec, theme(), accent(), _width())
        if is_svg
        else charts.draw_png(spec, theme=theme(), accent=accent())
    )
    response.mimetype = "image/svg+xml" if is_svg else "image/png"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
