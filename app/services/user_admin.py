"""Users as administrators see them: find, make, change, switch off and delete them, and what happens to their data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.access_request import welcome
from app.services.context import Context
from app.services.grant import (
    giving_nothing_new,
    may_stand_in,
    require_making_admins,
    require_reach,
)
from app.services.user import add_user, change_profile, read_email
from app.services.user_tag import read_tag
from app.storage import user as users
from app.storage import user_list, user_tag
from app.storage.database import Transaction
from app.storage.user_list import Wanted

PAGE = 50
_LONGEST_NOTES = 2_000


@dataclass(frozen=True)
class Listed:
    """A user, with notes of administrators and what they have here."""

    user: User
    notes: str
    datasets: int
    stored_bytes: int
    open_jobs: int
    has_password: bool
    last_used: datetime | None
    is_leaving: bool = False
    """Whether the account is being deleted, with its datasets."""


def list_users(ctx: Context, actor: User, wanted: Wanted, size: int = PAGE) -> tuple[list[Listed], int]:
    """Users that fit, a page of them, and how many fit."""
    require_given(actor, Right.USERS)
    rows, total = user_list.find_page(ctx.database, wanted, size)
    return [Listed(**row) for row in rows], total


def get_listed(ctx: Context, actor: User, user_id: int) -> Listed:
    """One user. :raises NotFound: when there is none"""
    require_given(actor, Right.USERS)
    row = user_list.find_one(ctx.database, user_id)
    if row is None:
        raise NotFound(say("There is no user {user_id}.", user_id=user_id))
    return Listed(**row)


def make_user(
    ctx: Context,
    actor: User,
    name: str,
    *,
    email: str = "",
    password: str | None = None,
    tags: tuple[str, ...] = (),
    is_admin: bool = False,
    notes: str = "",
    expires: str = "",
) -> tuple[User, str | None]:
    """Make a user; without a password they get a link to choose one, by mail, or else its path is given to hand over.

    After the day `expires`, written as 2027-01-31, the account is switched off; empty is never.

    :raises InvalidInput: naming the field that will not do
    :raises Conflict: when the name is taken
    :raises NotAllowed: when the account could do more than the actor
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    wanted = [read_tag(tag) for tag in tags]
    _check_notes(notes)
    require_making_admins(actor, None, is_admin=is_admin)
    last = _read_day(expires)
    with ctx.database.transaction() as tx, giving_nothing_new(tx, actor):
        made = add_user(tx, name.strip(), password or None, is_admin=is_admin, email=email)
        user_list.update(tx, made.id, notes=notes, is_admin=None, is_active=None, expires=last)
        for tag in wanted:
            user_tag.insert(tx, made.id, tag)
        return made, None if password else welcome(ctx, tx, made)


def change_user(
    ctx: Context,
    actor: User,
    user_id: int,
    *,
    name: str | None = None,
    email: str | None = None,
    notes: str | None = None,
    is_admin: bool | None = None,
    is_active: bool | None = None,
    tags: list[str] | None = None,
    expires: str | None = None,
) -> None:
    """Change what is given; what is None stays. Who is switched off is signed out everywhere, and their tokens rest.

    Who is switched on again after their last day has none from then on, unless another is given.

    :raises NotFound: when there is no such user
    :raises InvalidInput: naming the field that will not do
    :raises Conflict: when nobody would administer this installation any more, or an administrator shuts themselves out
    :raises NotAllowed: when the account can do more than the actor, or could then
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    listed = get_listed(ctx, actor, user_id)
    user = listed.user
    require_reach(actor, user)
    if listed.is_leaving:
        raise Conflict(say("{name} is being deleted, with all datasets.", name=user.name))
    require_making_admins(actor, user, is_admin=is_admin)
    wanted = None if tags is None else {read_tag(tag) for tag in tags}
    _check_notes(notes or "")
    last = _last_day(user, expires, is_active=user.is_active if is_active is None else is_active)
    if email is not None and read_email(email) != user.email:
        _require_address(ctx, actor, user)
    if name is not None or email is not None:
        change_profile(ctx, user, user.name if name is None else name, (user.email or "") if email is None else email)
    with ctx.database.transaction() as tx, giving_nothing_new(tx, actor):
        if is_admin is False or is_active is False:
            spare(tx, actor, user)
        user_list.update(tx, user.id, notes=notes, is_admin=is_admin, is_active=is_active, expires=last)
        if wanted is not None:
            for tag in set(user.tags) - wanted:
                user_tag.delete(tx, user.id, tag)
            for tag in wanted - set(user.tags):
                user_tag.insert(tx, user.id, tag)


def _require_address(ctx: Context, actor: User, user: User) -> None:
    """Whoever reads the mail of an account can ask for a new password, and so use it."""
    if not may_stand_in(actor, is_in_use=user_list.is_in_use(ctx.database, user.id)):
        raise InvalidInput({"email": [say("The address of an account in use is for its owner to change.")]})


def _check_notes(notes: str) -> None:
    if len(notes) > _LONGEST_NOTES:
        raise InvalidInput({"notes": [say("Write at most {most:,} letters.", most=_LONGEST_NOTES)]})


def _read_day(text: str) -> str:
    """A day that is not over yet, or nothing. :raises InvalidInput: naming `expires`"""
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise InvalidInput({"expires": [say("Write a day such as 2027-01-31, or nothing.")]}) from None
    if day and day < datetime.now(UTC).date():
        raise InvalidInput({"expires": [say("This day is over. Give a later one, or none.")]})
    return day.isoformat() if day else ""


def _last_day(user: User, expires: str | None, *, is_active: bool) -> str | None:
    """What to store as the last day of an account; None lets it be."""
    known = user.expires.isoformat() if user.expires else ""
    is_over = user.expires is not None and user.expires < datetime.now(UTC).date()
    if is_over and is_active and expires is None:
        return ""
    if expires is None or (expires.strip() == known and not (is_over and is_active)):
        return None
    return _read_day(expires)


def spare(tx: Transaction, actor: User, user: User) -> None:
    """Make sure that who loses a right, or goes, is neither the actor nor the last administrator."""
    if user.id == actor.id:
        raise Conflict(say("You cannot shut yourself out. Another administrator can."))
    users.lock_for_first_run(tx)
    if user.is_admin and user_list.count_other_admins(tx, user.id) == 0:
        raise Conflict(say("{name} is the last administrator. Make another one first.", name=user.name))
