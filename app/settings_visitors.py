"""The settings that say how visitors are told apart, how often they may ask, and who is let in without a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit

from app.settings_values import Parse, Unfit, count, matching, names, number, secret, setting

_LIMIT = r"[1-9]\d* per (\d+ )?(second|minute|hour|day)s?"
_LIMITS: Parse = matching(
    rf"{_LIMIT}(; ?{_LIMIT})*",
    "Write it as 600 per minute, or as 10 per minute; 100 per hour; the unit is second, minute, hour or day",
)
_HOST = re.compile(r"(?=.*[A-Za-z*])[A-Za-z0-9_*?-]+(\.[A-Za-z0-9_*?-]+)*\.?")


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _visitors(raw: str) -> tuple[str, ...]:
    """Addresses, networks and host names, separated by commas."""
    found = names(raw)
    for entry in found:
        if not _is_network(entry) and not _HOST.fullmatch(entry):
            raise Unfit(f"holds {entry!r}", "Write addresses, networks as 10.0.0.0/8 and host names as *.example.org.")
    return found


def _proxies(raw: str) -> int | tuple[str, ...]:
    """How many proxies there are in a row, or which."""
    if re.fullmatch(r"[+-]?\d+", raw):
        return int(count(0, 10)(raw))
    found = names(raw)
    if not all(map(_is_network, found)):
        raise Unfit(f"is {raw!r}", "Write how many there are, from 0 to 10, or their addresses and networks.")
    return found


def _name_server(raw: str) -> str:
    """A name server's address, with or without a port."""
    try:
        place = urlsplit(f"//{raw}")
        is_right = not raw or (_is_network(place.hostname or "") and place.port != 0 and place.netloc == raw)
    except ValueError:
        is_right = False
    if not is_right:
        raise Unfit(f"is {raw!r}", "Write its address as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353.")
    return raw


@dataclass(frozen=True)
class VisitorSettings:
    """The part of the settings that is about visitors."""

    trusted_proxies: int | tuple[str, ...] = setting(
        "TRUSTED_PROXIES",
        "0",
        "The proxies in front of the web server that add the visitor's address to `X-Forwarded-For`: how many stand in "
        "a row, or their addresses and networks, separated by commas. What others say in that header does not count.",
        _proxies,
    )
    proxy_secret: str = setting(
        "PROXY_SECRET",
        "",
        "What such a proxy sends as `X-4CAT-Config-Via-Proxy` to say with `X-4CAT-Config-Tag` which tag its visitors "
        "have for a request. It never gives them rights of administrators.",
        lambda raw: secret(raw) if raw else "",
        "none: no such header counts",
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
        "Addresses, networks such as 10.0.0.0/8 and host names such as *.example.org without the limits of the API, "
        "separated by commas.",
        _visitors,
        "none",
    )
    token_max_days: int = setting(
        "TOKEN_MAX_DAYS",
        "730",
        "For how many days an API token may be valid at most; 0 is for ever. Administrators' own may always be.",
        count(0, 36_500),
    )
    autologin: tuple[str, ...] = setting(
        "AUTOLOGIN",
        "",
        "Addresses, networks and host names whose visitors are signed in without a password, all as `autologin`.",
        _visitors,
        "none",
    )
    dns_server: str = setting(
        "DNS_SERVER",
        "",
        "The name server, such as 192.0.2.53:53, that knows the host names of visitors.",
        _name_server,
        "those of the machine",
    )
    dns_seconds: float = setting(
        "DNS_SECONDS",
        "1",
        "How long a request may wait for its visitor's host name; after that the visitor has none for half a minute.",
        number(0.1, 10),
    )
