"""The settings that say how visitors are told apart, how often they may ask, and who is let in without a password."""

from __future__ import annotations

from dataclasses import dataclass

from app.settings_values import Parse, count, matching, names, setting

_LIMIT = r"[1-9]\d* per (\d+ )?(second|minute|hour|day)s?"
_LIMITS: Parse = matching(
    rf"{_LIMIT}(; ?{_LIMIT})*",
    "Write it as 600 per minute, or as 10 per minute; 100 per hour; the unit is second, minute, hour or day",
)


@dataclass(frozen=True)
class VisitorSettings:
    """The part of the settings that is about visitors."""

    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        "0",
        "How many proxies stand in front of the web server and add the visitor's address to `X-Forwarded-For`.",
        count(0, 10),
    )
    rate_limit: str = setting(
        "RATE_LIMIT",
        "600 per minute",
        "How many requests to the API that only read one token, signed-in person or address may make. Several limits "
        "are separated by semicolons.",
        _LIMITS,
    )
    rate_limit_create: str = setting(
        "RATE_LIMIT_CREATE",
        "120 per minute",
        "Likewise, how many that make, start, change or delete something.",
        _LIMITS,
    )
    rate_limit_upload: str = setting("RATE_LIMIT_UPLOAD", "60 per minute", "Likewise, how many uploads.", _LIMITS)
    rate_limit_download: str = setting(
        "RATE_LIMIT_DOWNLOAD", "120 per minute", "Likewise, how many downloads of results.", _LIMITS
    )
    rate_limit_estimate: str = setting(
        "RATE_LIMIT_ESTIMATE",
        "120 per minute",
        "Likewise, how often to reckon how much a search will find; also in the pages.",
        _LIMITS,
    )
    rate_limit_sign_in: str = setting(
        "RATE_LIMIT_SIGN_IN",
        "10 per minute; 100 per hour",
        "How often one address may try a password. Nobody is exempt from it.",
        _LIMITS,
    )
    rate_limit_exempt: tuple[str, ...] = setting(
        "RATE_LIMIT_EXEMPT",
        "",
        "Addresses, networks and host names without the limits of the API, separated by commas.",
        names,
        "none",
    )
