"""API tokens: shown once, kept as a hash, valid for a year unless told otherwise."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.domain.user import Token, User
from app.services.access import require_write
from app.services.context import Context
from app.storage import user as users

YEAR = 365
LONGEST = 100 * YEAR


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    ctx: Context, actor: User, name: str, *, read_only: bool = False, days: int | None = YEAR
) -> tuple[Token, str]:
    """Make a token; the second value is its secret, which cannot be seen again. `days=None` never expires.

    :raises InvalidInput: when name or days will not do
    """
    require_write(actor)
    wrong: dict[str, list[str]] = {}
    if not name.strip() or len(name) > 100:
        wrong["name"] = ["Give the token a name of at most 100 letters, to recognise it by."]
    if days is not None and not 1 <= days <= LONGEST:
        wrong["days"] = ["Give a number of days from 1 on."]
    if wrong:
        raise InvalidInput(wrong)
    secret = f"4cat_{secrets.token_urlsafe(32)}"
    expires = datetime.now(UTC) + timedelta(days=days) if days is not None else None
    token = users.insert_token(
        ctx.database, actor.id, name.strip(), _hash(secret), read_only=read_only, expires=expires
    )
    return token, secret


def use_token(ctx: Context, secret: str) -> User:
    """Whom a token speaks for. :raises NotSignedIn: when it is unknown, revoked or expired"""
    found = users.use_token(ctx.database, _hash(secret))
    if found is None or not found[0].is_active:
        raise NotSignedIn("This token is not valid, or has expired. Make a new one.")
    user, token = found
    return replace(user, read_only=token.read_only)


def list_tokens(ctx: Context, actor: User) -> list[Token]:
    """The actor's tokens, newest first."""
    return users.list_tokens(ctx.database, actor.id)


def revoke_token(ctx: Context, actor: User, token_id: int) -> None:
    """Make a token of the actor's invalid at once. :raises NotFound: when they have no such token"""
    require_write(actor)
    if not users.delete_token(ctx.database, actor.id, token_id):
        raise NotFound("You have no such token.")
