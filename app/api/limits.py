"""How often one token, person or address may ask, and who may ask as often as they like.

Nothing here may raise: a fault while a request is counted looks like a fault of Redis.
"""

from __future__ import annotations

import hashlib

from flask import current_app, request

from app.api.auth import bearer_token, find_actor
from app.domain.errors import FourcatError
from app.limits import limit_of, limiter, visitor_address
from app.sessions import visitors

_SAFE = ("GET", "HEAD", "OPTIONS")


def _who() -> str:
    """What requests are counted by: a valid token, else whoever has signed in, else the address.

    Those who share an account are counted by their addresses: they are many.
    """
    try:
        secret, found = bearer_token(), find_actor()
    except FourcatError:  # a token that will not do is refused later; until then it counts for its address
        found = None
    if found is None or found.is_shared:
        return visitor_address()
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
    return visitors().is_exempt(request.remote_addr)


limit_api = limiter.shared_limit(_limit, scope=_scope, key_func=_who, exempt_when=_is_exempt)
"""Decorates a blueprint: requests of one kind count together, whatever part of the API they are for."""
