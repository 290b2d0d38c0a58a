"""How often one token or address may ask, and who may ask as often as they like."""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from flask import request
from flask_limiter.util import get_remote_address

from app.api.auth import bearer_token, find_actor, installation
from app.domain.errors import FourcatError
from app.limits import ESTIMATE_LIMIT, limiter

_LOOK_UP_AGAIN = 600


def _who() -> str:
    """What requests are counted by: the token if it is valid, else the address."""
    try:
        secret = bearer_token()
        if secret is not None and find_actor() is not None:
            return f"token:{hashlib.sha256(secret.encode()).hexdigest()[:32]}"
    except FourcatError:
        pass  # a token that will not do is refused later; until then it counts for its address
    return f"address:{get_remote_address()}"


def _limit() -> str:
    return installation().settings.rate_limit


def _is_exempt() -> bool:
    return is_allowed(request.remote_addr or "", installation().settings.rate_limit_exempt)


limit_api = limiter.shared_limit(_limit, scope="api", key_func=_who, exempt_when=_is_exempt)
"""Decorates a blueprint: all of them together count as one."""

limit_estimates = limiter.shared_limit(
    ESTIMATE_LIMIT, scope="estimate", key_func=_who, exempt_when=_is_exempt, override_defaults=False
)
"""Decorates what asks the archive a question with every call."""


def is_allowed(address: str, allowed: Sequence[str]) -> bool:
    """Whether an address is on a list of addresses, networks (`10.0.0.0/8`) and host names (`*.example.org`)."""
    if not allowed:
        return False
    try:
        asking = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(asking, ipaddress.IPv6Address) and asking.ipv4_mapped:
        asking = asking.ipv4_mapped
    names = []
    for entry in allowed:
        try:
            if asking in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            names.append(entry.lower().rstrip("."))
    if not names:
        return False
    host = host_of(str(asking), int(time.monotonic() // _LOOK_UP_AGAIN))
    return host is not None and any(fnmatchcase(host, name) for name in names)


@lru_cache(maxsize=4096)
def host_of(address: str, period: int) -> str | None:
    """The host name of an address, if that name leads back to it: a name alone can be claimed by anybody.

    `period` is only there so that an answer is forgotten after a while.
    """
    try:
        host = socket.gethostbyaddr(address)[0].lower().rstrip(".")
        back = {found[4][0] for found in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return None
    return host if address in back else None
