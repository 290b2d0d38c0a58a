"""Sign in with a name and a password, and keep others from guessing it."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.domain.errors import NotSignedIn
from app.domain.texts import say
from app.domain.user import User
from app.services.context import Context
from app.storage import sign_in_failure
from app.storage import user as users
from app.storage.database import Session

MOST_FAILURES = 10
LOCKED_MINUTES = 15


@lru_cache(maxsize=1)
def hasher() -> PasswordHasher:
    """Argon2 with the parameters that its library thinks right."""
    return PasswordHasher()


@lru_cache(maxsize=1)
def _decoy() -> str:
    """A hash to compare with when there is no such user, so that the answer takes as long."""
    return hasher().hash("no such user")


def _name_hash(name: str) -> str:
    return hashlib.sha256(name.strip().lower().encode()).hexdigest()


def sign_in(ctx: Context, name: str, password: str) -> User:
    """The user with this name and password.

    After ten failures in a row a name is locked for a quarter of an hour, even for the right password. That holds for
    names that nobody has too, so that the answer does not tell who has an account.

    :raises NotSignedIn: when they do not belong together, or the name is locked
    """
    key = _name_hash(name)
    if sign_in_failure.count(ctx.database, key, LOCKED_MINUTES) >= MOST_FAILURES:
        raise NotSignedIn(
            say(
                "This name has been tried in vain {times} times, so it is locked for"
                " {minutes} minutes. Wait, or ask an administrator for a link to a new password.",
                times=MOST_FAILURES,
                minutes=LOCKED_MINUTES,
            )
        )
    found = users.find_by_name(ctx.database, name)
    stored = (found[1] if found else None) or _decoy()
    try:
        hasher().verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        found = None
    if found is None or found[1] is None:
        sign_in_failure.add(ctx.database, key, LOCKED_MINUTES)
        raise NotSignedIn(say("This name and password do not belong together."))
    user = found[0]
    if not user.is_active:
        raise NotSignedIn(say("This account has been switched off. Ask an administrator."))
    unlock(ctx.database, name)
    if hasher().check_needs_rehash(stored):
        users.rehash_password(ctx.database, user.id, hasher().hash(password))
    users.note_seen(ctx.database, user.id)
    return user


def unlock(db: Session, name: str) -> None:
    """Forget the failed tries of a name."""
    sign_in_failure.forget(db, _name_hash(name))
