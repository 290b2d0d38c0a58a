"""Addresses that machines ask for, open to all."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request

from app.services.palette import ACCENTS

pages = Blueprint("site", __name__)

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
    usual = ACCENTS["red"]
    return drawn.replace(usual[0], ACCENTS.get(accent, usual)[0])
