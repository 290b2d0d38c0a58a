"""Addresses that machines ask for, open to all."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

pages = Blueprint("site", __name__)


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
    """The icon, for pages that do not name it."""
    return current_app.send_static_file("icon.svg")
