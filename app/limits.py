"""How often one visitor may ask: counted in Redis, and in each process alone while Redis is away."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from ipaddress import ip_network
from typing import cast

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded

from app.queue.connection import connect_redis
from app.services.host_name import read_address
from app.settings import Settings

log = logging.getLogger(__name__)

_LEAST_CONNECTIONS = 16
_NETWORK_OF_ONE = 64


def visitor_address() -> str:
    """Where a request comes from. Of IPv6 it is the network: whoever has one has all the addresses in it."""
    found = read_address(request.remote_addr)
    if found is None or found.version == 4:
        return f"address:{found}"
    return f"address:{ip_network((found, _NETWORK_OF_ONE), strict=False)}"


class SharedLimiter(Limiter):
    """Counts every request, also those that are under way when Redis goes away.

    Flask-Limiter lets the first request that finds Redis away be counted in memory, but those which found it away at
    the same moment in other threads pass uncounted: for them the count has already moved, so they only count again.
    """

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except RateLimitExceeded:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with Redis, the request is counted in memory
            log.info("a request is counted again, as Redis went away")
            self.context.seen_limits.clear()
            try:
                super()._check_request_limit(callable_name, in_middleware)
            except RateLimitExceeded:
                raise
            except Exception:
                log.exception("a request could not be counted")


limiter = SharedLimiter(key_func=visitor_address)
"""Decorates views: `@limiter.limit("10 per minute")`. Views without a limit of their own are not limited."""

_SETTINGS = "fourcat_settings"


def limit_of(kind: str) -> str:
    """How often that which is counted as `kind` (read, create, upload, download, estimate, sign_in) may be asked."""
    settings: Settings = current_app.extensions[_SETTINGS]
    return cast(str, getattr(settings, "rate_limit" if kind == "read" else f"rate_limit_{kind}"))


def _kind(name: str) -> Callable[[], str]:
    return lambda: limit_of(name)


SIGN_IN_LIMIT = _kind("sign_in")
"""How often one address may try a password."""

MAIL_LIMIT = "5 per minute; 20 per hour"
"""How often one address may ask for something that ends in a mail."""

ESTIMATE_LIMIT = _kind("estimate")
"""How often one person may have reckoned how much a search will find."""


def init_limits(app: Flask, settings: Settings) -> None:
    """Count in the Redis of the settings, each installation under its own prefix.

    Look and count are one step in Redis, so that the limit is exact whatever asks at the same moment. Each thread has a
    connection to it: a request that found none would be counted by its process alone.
    """
    most = max(_LEAST_CONNECTIONS, settings.web_threads)
    client = connect_redis(settings.redis_url, verify=settings.redis_tls_verify, most=most)
    app.extensions[_SETTINGS] = settings
    app.config.update(
        RATELIMIT_STORAGE_URI="redis://",
        RATELIMIT_STORAGE_OPTIONS={"connection_pool": client.connection_pool},
        RATELIMIT_KEY_PREFIX=f"{settings.queue_prefix}:limit",
        RATELIMIT_STRATEGY="moving-window",
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )
    limiter.init_app(app)
    app.after_request(say_limits)


def say_limits(answer: Response) -> Response:
    """Say how many requests are left, and when there will be more; a refusal also says how long to wait."""
    found = limiter.current_limit
    if found is None:
        return answer
    try:
        remaining, reset = found.remaining, found.reset_at
    except Exception:  # noqa: BLE001 - whatever is wrong with Redis, the answer itself is good
        log.warning("the limits of this answer could not be read")
        return answer
    answer.headers["X-RateLimit-Limit"] = str(found.limit.amount)
    answer.headers["X-RateLimit-Remaining"] = str(max(0, remaining))
    answer.headers["X-RateLimit-Reset"] = str(reset)
    if found.breached:
        answer.headers["Retry-After"] = str(max(1, math.ceil(reset - time.time())))
    return answer
