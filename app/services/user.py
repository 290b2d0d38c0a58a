"""Users: make them, and find out who is asking."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.texts import say
from app.domain.user import AUTOLOGIN, User
from app.services.context import Context
from app.services.language import languages
from app.services.sign_in import hasher, unlock
from app.storage import annotation as codes
from app.storage import password_link
from app.storage import user as users
from app.storage.database import Transaction

THEMES = {"auto": say("As the system has it"), "light": say("Light"), "dark": say("Dark")}
_MIN_PASSWORD = 8
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@(?=.{1,255}$)[^\s@.<>,;:\"()\[\]\\]+(\.[^\s@.<>,;:\"()\[\]\\]+)*")
_SEEN_EVERY = timedelta(hours=1)


def _check(name: str, password: str | None) -> None:
    wrong: dict[str, list[str]] = {}
    if not name or name != name.strip() or len(name) > 100 or any(not letter.isprintable() for letter in name):
        wrong["name"] = [say("Give a name of at most 100 letters, without spaces around it.")]
    if name.lower() == AUTOLOGIN:
        wrong["name"] = [say("This name is for visitors who are let in without a password. Choose another one.")]
    if password is not None and len(password) < _MIN_PASSWORD:
        wrong["password"] = [say("Give a password of at least {least} characters.", least=_MIN_PASSWORD)]
    if wrong:
        raise InvalidInput(wrong)


def check_password(password: str) -> None:
    """Make sure that a password will do. :raises InvalidInput: naming `password`"""
    _check("anybody", password)


def read_email(text: str) -> str | None:
    """An e-mail address, or None for nothing. :raises InvalidInput: when it is none"""
    text = text.strip()
    if text and not (_EMAIL.fullmatch(text) and text.isprintable()):
        raise InvalidInput({"email": [say("This is not an e-mail address. Write it as name@example.org.")]})
    return text or None


def create_user(
    ctx: Context, name: str, password: str | None = None, *, is_admin: bool = False, email: str = ""
) -> User:
    """Make a user; one without a password cannot sign in but can have tokens.

    :raises InvalidInput: when name, password or e-mail address will not do
    :raises Conflict: when the name is taken
    """
    with ctx.database.transaction() as tx:
        return add_user(tx, name, password, is_admin=is_admin, email=email)


def add_user(
    tx: Transaction, name: str, password: str | None = None, *, is_admin: bool = False, email: str = ""
) -> User:
    """Make a user as part of this transaction; see `create_user`."""
    _check(name, password)
    address = read_email(email)
    users.lock_names(tx)
    made = users.insert(tx, name, hasher().hash(password) if password else None, is_admin=is_admin)
    if made is None:
        raise Conflict(say("There is a user called {name} already.", name=name))
    return _put_profile(tx, made, name, address)


def _put_profile(tx: Transaction, user: User, name: str, email: str | None) -> User:
    """Change name and address, after making sure that nobody else has them."""
    same_name = users.find_by_name(tx, name)
    if same_name is not None and same_name[0].id != user.id:
        raise InvalidInput({"name": [say("There is a user called {name} already. Choose another name.", name=name)]})
    same_email = users.find_by_email(tx, email) if email else None
    if same_email is not None and same_email.id != user.id:
        raise InvalidInput({"email": [say("Another account has this e-mail address already.")]})
    if name != user.name and not codes.rename_coder(tx, user.name, name):
        raise InvalidInput({"name": [say("Annotations stand under this name already. Choose another name.")]})
    users.update_profile(tx, user.id, name, email)
    return replace(user, name=name, email=email)


def change_profile(ctx: Context, user: User, name: str, email: str) -> User:
    """Change the name that a user signs in with, and the address that mail goes to. What they have coded stays theirs.

    :raises InvalidInput: naming the field that will not do, or that another user has already
    """
    name = name.strip()
    _check(name, None)
    address = read_email(email)
    with ctx.database.transaction() as tx:
        users.lock_names(tx)
        return _put_profile(tx, user, name, address)


def change_looks(ctx: Context, user: User, theme: str, time_zone: str, language: str) -> None:
    """Change how pages look for a user: light or dark, in which zone times are shown, and in which language.

    :raises InvalidInput: naming the field that will not do
    """
    if theme not in THEMES:
        raise InvalidInput({"theme": [say("Choose from: {choices}.", choices=", ".join(THEMES))]})
    if time_zone and time_zone not in available_timezones():
        raise InvalidInput({"time_zone": [say("There is no such time zone. Write one such as Europe/Amsterdam.")]})
    if language and language not in languages():
        raise InvalidInput({"language": [say("Choose from: {choices}.", choices=", ".join(languages()))]})
    users.update_looks(ctx.database, user.id, theme, time_zone, language)


def set_password(ctx: Context, name: str, password: str, *, is_admin: bool | None = None) -> User:
    """Give a user a new password, and with `is_admin` the right too. Whoever is signed in as them has to do so anew.

    :raises InvalidInput: when the password will not do, or the account is the one that visitors share
    :raises NotFound: when there is no such user
    """
    _check(name, password)
    user = find_user(ctx, name)
    with ctx.database.transaction() as tx:
        return put_password(tx, user, password, is_admin=is_admin)


def put_password(tx: Transaction, user: User, password: str, *, is_admin: bool | None = None) -> User:
    """Replace a password in this transaction: sessions and links to a new one end, and a locked name is free again."""
    users.update_password(tx, user.id, hasher().hash(password), is_admin=is_admin)
    password_link.delete_all(tx, user.id)
    unlock(tx, user.name)
    return users.find(tx, user.id) or user


def find_user(ctx: Context, name: str) -> User:
    """One user by name. :raises NotFound: when there is none"""
    found = users.find_by_name(ctx.database, name)
    if found is None:
        raise NotFound(say("There is no user called {name}.", name=name))
    return found[0]


def get_user(ctx: Context, user_id: int) -> User | None:
    """One user by id, or None when the account is gone or switched off."""
    user = users.find(ctx.database, user_id)
    if user is None or not user.is_active:
        return None
    if user.last_seen is None or datetime.now(UTC) - user.last_seen > _SEEN_EVERY:
        users.note_seen(ctx.database, user.id)
    return user


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
        raise NotFound(say("There is no administrator yet. Make one with: ./4cat user create NAME --admin"))
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
            raise Conflict(say("There is an administrator already. Sign in instead."))
        made = users.insert(tx, name, hasher().hash(password), is_admin=True)
        if made is None:
            raise Conflict(say("There is a user called {name} already. Choose another name.", name=name))
    return made
