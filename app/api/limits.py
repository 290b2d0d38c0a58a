"""How often one token, person or address may ask, and who may ask as often as they like.

Nothing here may raise: a fault while a request is counted looks like a fault of Redis.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from flask import current_app, request
from flask_limiter.util import get_remote_address

from app.api.auth import bearer_token, find_actor, installation
from app.domain.errors import FourcatError
from app.limits import limit_of, limiter

_LOOK_UP_AGAIN = 600


_SAFE = ("GET", "HEAD", "OPTIONS")


def _who() -> str:
    """What requests are counted by: a valid token, else whoever has signed in, else the address."""
    try:
        secret, found = bearer_token(), find_actor()
    except FourcatError:  # a token that will not do is refused later; until then it counts for its address
        found = None
    if found is None:
        return f"address:{get_remote_address()}"
    return f"user:{found.id}" if secret is None else f"token:{hashlib.sha256(secret.encode()).hexdigest()[:32]}"


def kind_of_request() -> str:
    """What a request is counted as: what its resource says in `counts_as`, else by what its method does."""
    view = current_app.view_functions.get(request.endpoint or "")
    given = getattr(getattr(view, "view_class", None), "counts_as", None)
    if given is not None:
        return str(given() if callable(given) else given)
    if request.method in _SAFE:
        return "read"
    return "upload" if request.mimetype == "multipart/form-data" else "create"


def _limit() -> str:
    return limit_of(kind_of_request())


def _scope(_: str) -> str:
    return f"api-{kind_of_request()}"


def _is_exempt() -> bool:
    return is_allowed(request.remote_addr or "", installation().settings.rate_limit_exempt)


limit_api = limiter.shared_limit(_limit, scope=_scope, key_func=_who, exempt_when=_is_exempt)
"""Decorates a blueprint: requests of one kind count together, whatever part of the API they are for."""


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
