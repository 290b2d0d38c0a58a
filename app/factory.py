"""Build the Flask application: pages and API of one installation. The only place that does."""

from __future__ import annotations

from flask import Flask
from htmx_flask import Htmx

from app.api.base import init_api
from app.installation import keep_installation
from app.limits import init_limits
from app.packing import init_packing
from app.proxies import trust_proxies
from app.services.context import Context, open_context
from app.sessions import init_sessions
from app.settings import Settings
from app.web import init_web

_FORM_BYTES = 2 * 1024 * 1024
_FORM_PARTS = 20_000


def create_app(settings: Settings, ctx: Context | None = None) -> Flask:
    """The application for these settings; `ctx` is an installation that is open already.

    Nothing connects before the first request, so it may be built before a fork.
    """
    context = ctx or open_context(settings, name="4cat web")
    app = Flask("app.web", static_folder="static", static_url_path="/static", template_folder="templates")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024**2 + _FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=_FORM_BYTES,
        MAX_FORM_PARTS=_FORM_PARTS,
    )
    trust_proxies(app, settings.trusted_proxies, settings.proxy_secret)
    Htmx(app)
    init_packing(app)
    init_limits(app, settings)
    keep_installation(app, context)
    init_sessions(app, settings)
    init_api(app, context)
    init_web(app, context)
    return app
