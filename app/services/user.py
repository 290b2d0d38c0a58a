"""Users: make them, and find out who is asking."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.domain.errors import Conflict, InvalidInput, NotFound, NotSignedIn
from app.domain.user import AUTOLOGIN, User
from app.services.context import Context
from app.storage import user as users

_MIN_PASSWORD = 8


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _decoy() -> str:
    """A hash to compare with when there is no such user, so that the answer takes as long."""
    return _hasher().hash("no such user")


def _check(name: str, password: str | None) -> None:
    wrong: dict[str, list[str]] = {}
    if not name or name != name.strip() or len(name) > 100 or any(not letter.isprintable() for letter in name):
        wrong["name"] = ["Give a name of at most 100 letters, without spaces around it."]
    if name.lower() == AUTOLOGIN:
        wrong["name"] = ["This name is for visitors who are let in without a password. Choose another one."]
    if password is not None and len(password) < _MIN_PASSWORD:
        wrong["password"] = [f"Give a password of at least {_MIN_PASSWORD} characters."]
    if wrong:
        raise InvalidInput(wrong)


def create_user(ctx: Context, name: str, password: str | None = None, *, is_admin: bool = False) -> User:
    """Make a user; one without a password cannot sign in but can have tokens.

    :raises InvalidInput: when name or password will not do
    :raises Conflict: when the name is taken
    """
    _check(name, password)
    made = users.insert(ctx.database, name, _hasher().hash(password) if password else None, is_admin=is_admin)
    if made is None:
        raise Conflict(f"There is a user called {name} already.")
    return made


def set_password(ctx: Context, name: str, password: str, *, is_admin: bool | None = None) -> User:
    """Give a user a new password, and with `is_admin` the right too. :raises NotFound: when there is no such user"""
    _check(name, password)
    user = find_user(ctx, name)
    users.update_password(ctx.database, user.id, _hasher().hash(password), is_admin=is_admin)
    return find_user(ctx, name)


def find_user(ctx: Context, name: str) -> User:
    """One user by name. :raises NotFound: when there is none"""
    found = users.find_by_name(ctx.database, name)
    if found is None:
        raise NotFound(f"There is no user called {name}.")
    return found[0]


def get_user(ctx: Context, user_id: int) -> User | None:
    """One user by id, or None when the account is gone or switched off."""
    user = users.find(ctx.database, user_id)
    return user if user and user.is_active else None


def shared_user(ctx: Context) -> User | None:
    """The account of visitors who are let in without a password, made when it is first needed.

    None when it has been switched off, and when somebody has made of it what it must not be: an account with a password
    or with the rights of an administrator.
    """
    found = users.find_by_name(ctx.database, AUTOLOGIN)
    if found is None:
        users.insert(ctx.database, AUTOLOGIN, None, is_admin=False)
        found = users.find_by_name(ctx.database, AUTOLOGIN)
    if found is None or found[1] is not None or not found[0].is_shared:
        return None
    return found[0] if found[0].is_active and not found[0].is_admin else None


def find_operator(ctx: Context, name: str | None = None) -> User:
    """For whom a command on this machine acts: the user named, or the administrator who has been here longest.

    :raises NotFound: when there is no such user, or no administrator yet
    """
    if name is not None:
        return find_user(ctx, name)
    found = users.first_admin(ctx.database)
    if found is None:
        raise NotFound("There is no administrator yet. Make one with: ./4cat user create NAME --admin")
    return found


def needs_first_run(ctx: Context) -> bool:
    """Whether nobody can administer this installation yet."""
    return not users.has_admin(ctx.database)


def create_first_admin(ctx: Context, name: str, password: str) -> User:
    """Make the first administrator. :raises Conflict: when there is one already, even one made a moment ago"""
    _check(name, password)
    with ctx.database.transaction() as tx:
        users.lock_for_first_run(tx)
        if users.has_admin(tx):
            raise Conflict("There is an administrator already. Sign in instead.")
        made = users.insert(tx, name, _hasher().hash(password), is_admin=True)
        if made is None:
            raise Conflict(f"There is a user called {name} already. Choose another name.")
    return made


def sign_in(ctx: Context, name: str, password: str) -> User:
    """The user with this name and password. :raises NotSignedIn: when they do not belong together"""
    found = users.find_by_name(ctx.database, name)
    try:
        _hasher().verify((found[1] if found else None) or _decoy(), password)
    except (VerifyMismatchError, InvalidHashError):
        found = None
    if found is None or found[1] is None:
        raise NotSignedIn("This name and password do not belong together.")
    if not found[0].is_active:
        raise NotSignedIn("This account has been switched off. Ask an administrator.")
    return found[0]
