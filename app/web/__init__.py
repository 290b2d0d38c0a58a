"""The pages: server-rendered, with pieces that HTMX swaps in."""

from __future__ import annotations

from flask import Flask

from app.services.context import Context
from app.web import (
    about,
    access,
    account,
    analysis,
    annotate,
    assets,
    auth,
    brought,
    bulk,
    control,
    control_pages,
    control_people,
    control_settings,
    control_tokens,
    control_users,
    control_work,
    create,
    dataset,
    dataset_forms,
    datasets,
    errors,
    explore,
    help,
    language,
    member,
    message,
    password,
    repeat,
    result,
    share,
    shown,
    site,
    sources,
)
from app.web.page import init_pages
from app.web.security import add_headers


def init_web(app: Flask, ctx: Context) -> None:
    """Add the pages to an application that has sessions, limits and the API already."""
    init_pages(app)
    assets.init_assets(app)
    brought.init_brought(app, ctx)
    shown.init_filters(app)
    language.init_language(app)
    errors.init_errors(app)
    app.after_request(add_headers)
    areas = (
        site,
        auth,
        password,
        access,
        about,
        help,
        message,
        brought,
        create,
        sources,
        datasets,
        bulk,
        dataset,
        dataset_forms,
        share,
        explore,
        annotate,
        result,
        member,
        analysis,
        repeat,
        account,
        control,
        control_settings,
        control_pages,
        control_tokens,
        control_users,
        control_people,
        control_work,
    )
    for area in areas:
        app.register_blueprint(area.pages)
