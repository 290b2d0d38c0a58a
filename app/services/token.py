"""API tokens: shown once, kept as a hash, valid for a year unless told otherwise."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import Token, User
from app.services.access import require_given, require_own_account, require_write
from app.services.context import Context
from app.services.person_setting import require_right
from app.storage import user as users

YEAR = 365
LONGEST = 100 * YEAR


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def longest_days(ctx: Context, actor: User) -> int | None:
    """For how many days a token of the actor may be valid at most; None is for ever."""
    return None if actor.is_admin else ctx.settings.token_max_days or None


def usual_days(ctx: Context, actor: User) -> int:
    """For how many days a token is valid of which nothing else is said: a year, if it may be so long."""
    return min(YEAR, longest_days(ctx, actor) or YEAR)


def create_token(
    ctx: Context, actor: User, name: str, *, read_only: bool = False, days: int | None = YEAR
) -> tuple[Token, str]:
    """Make a token; the second value is its secret, which cannot be seen again. `days=None` never expires.

    :raises InvalidInput: when name or days will not do
    :raises NotAllowed: for visitors who share an account
    """
    require_write(actor)
    require_own_account(actor)
    require_right(ctx, actor, "tokens")
    wrong: dict[str, list[str]] = {}
    if not name.strip() or len(name) > 100:
        wrong["name"] = [say("Give the token a name of at most 100 letters, to recognise it by.")]
    most = longest_days(ctx, actor)
    if days is not None and not 1 <= days <= (most or LONGEST):
        wrong["days"] = [say("Give a number of days from 1 to {most:,}.", most=most or LONGEST)]
    elif days is None and most is not None:
        wrong["days"] = [say("A token may be valid for {most:,} days at most here. Give a number of days.", most=most)]
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
        raise NotSignedIn(say("This token is not valid, or has expired. Make a new one."))
    user, token = found
    return replace(user, read_only=token.read_only)


def list_tokens(ctx: Context, actor: User, *, before: int | None = None, limit: int | None = None) -> list[Token]:
    """The actor's tokens, newest first; with `before` those that follow the one of this number.

    :raises NotAllowed: for visitors who share an account
    """
    require_own_account(actor)
    return users.list_tokens(ctx.database, actor.id, before=before, limit=limit)


def list_everyones(
    ctx: Context, actor: User, *, text: str = "", before: int | None = None, limit: int = 200
) -> list[Token]:
    """The tokens of all users, newest first, likewise. `text` is part of a name or of an owner's.

    :raises NotAllowed: for whoever does not administer users
    """
    require_given(actor, Right.USERS)
    return users.list_all_tokens(ctx.database, text=text.strip(), before=before, limit=limit)


def revoke_token(ctx: Context, actor: User, token_id: int) -> None:
    """Make a token invalid at once: one of the actor's, or for who administers users anybody's.

    :raises NotFound: when there is no such token, or it is somebody else's
    """
    require_write(actor)
    require_own_account(actor)
    if not users.delete_token(ctx.database, None if actor.has(Right.USERS) else actor.id, token_id):
        raise NotFound(say("You have no such token."))
