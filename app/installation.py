"""The installation that an application serves, where pages, API and sessions find it."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from app.services.context import Context

_NAME = "fourcat"


def keep_installation(app: Flask, ctx: Context) -> None:
    """Let an application serve an installation."""
    app.extensions[_NAME] = ctx


def installation() -> Context:
    """The installation that this application serves."""
    return cast(Context, current_app.extensions[_NAME])
