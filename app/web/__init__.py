"""The pages: server-rendered, with pieces that HTMX swaps in."""

from __future__ import annotations

from flask import Flask

from app.services.context import Context
from app.web import (
    account,
    analysis,
    assets,
    auth,
    brought,
    bulk,
    control,
    control_settings,
    control_tokens,
    create,
    dataset,
    datasets,
    errors,
    explore,
    result,
    share,
    shown,
    site,
    sources,
)
from app.web.page import keep_context
from app.web.security import add_headers


def init_web(app: Flask, ctx: Context) -> None:
    """Add the pages to an application that has sessions, limits and the API already."""
    keep_context(app, ctx)
    assets.init_assets(app)
    brought.init_brought(app, ctx)
    shown.init_filters(app)
    errors.init_errors(app)
    app.after_request(add_headers)
    areas = (
        site,
        auth,
        brought,
        create,
        sources,
        datasets,
        bulk,
        dataset,
        share,
        explore,
        result,
        analysis,
        account,
        control,
        control_settings,
        control_tokens,
    )
    for area in areas:
        app.register_blueprint(area.pages)
