"""How often one visitor may ask: counted in Redis, and in each process alone while Redis is away."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from app.queue.connection import connect_redis
from app.settings import Settings

limiter = Limiter(key_func=get_remote_address)
"""Decorates views: `@limiter.limit("10 per minute")`. Views without a limit of their own are not limited."""

SIGN_IN_LIMIT = "10 per minute; 100 per hour"
"""How often one address may try a password."""


MAIL_LIMIT = "5 per minute; 20 per hour"
"""How often one address may ask for something that ends in a mail."""

ESTIMATE_LIMIT = "120 per minute"
"""How often one person may have reckoned how much a search will find: more than anybody types."""


def init_limits(app: Flask, settings: Settings) -> None:
    """Count in the Redis of the settings, each installation under its own prefix."""
    client = connect_redis(settings.redis_url, verify=settings.redis_tls_verify)
    app.config.update(
        RATELIMIT_STORAGE_URI="redis://",
        RATELIMIT_STORAGE_OPTIONS={"connection_pool": client.connection_pool},
        RATELIMIT_KEY_PREFIX=f"{settings.queue_prefix}:limit",
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_HEADERS_ENABLED=True,
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    limiter.init_app(app)
