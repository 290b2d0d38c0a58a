"""Addresses that machines ask for, open to all."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request

pages = Blueprint("site", __name__)

ACCENTS = {
    "red": "#b3261e",
    "orange": "#a04400",
    "green": "#1d6f42",
    "teal": "#0b6b76",
    "blue": "#1f5fa8",
    "violet": "#6a3fa8",
    "pink": "#a32a68",
    "graphite": "#3d434b",
}
"""The accents as the style sheet has them for light pages."""
_DAY = 86_400


@pages.get("/healthz")
def alive() -> Response:
    """Say that this process answers."""
    return Response("ok\n", mimetype="text/plain")


@pages.get("/robots.txt")
def robots() -> Response:
    """Ask search engines to stay away: what is here is research, not for the public."""
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@pages.get("/favicon.ico")
def icon() -> Response:
    """The icon in the colour that is asked for, such as `?accent=teal`; also for pages that do not name it."""
    answer = Response(_icon(request.args.get("accent", "")), mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = f"public, max-age={_DAY}"
    return answer


@lru_cache(maxsize=16)
def _icon(accent: str) -> str:
    drawn = (Path(__file__).parent / "static" / "icon.svg").read_text()
    return drawn.replace(ACCENTS["red"], ACCENTS.get(accent, ACCENTS["red"]))
