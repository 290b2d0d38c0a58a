"""Links to a new password: sent by mail to whoever has forgotten theirs, or given by an administrator.

A link works once and for a limited time. Only its hash is kept, and any new password makes the others invalid.
"""

from __future__ import annotations

import hashlib
import secrets

from app.domain.errors import NotAllowed, NotFound
from app.domain.right import Right
from app.domain.texts import join, say, say_many
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.grant import may_stand_in, require_reach
from app.services.mail import can_mail, link_to, queue_mail
from app.services.user import check_password, put_password
from app.storage import password_link, user_list
from app.storage import user as users
from app.storage.database import Session, Transaction

ASKED_HOURS = 2
GIVEN_HOURS = 7 * 24
_MOST = 3
_MINUTES = 60
_INVALID = say("This link has been used already or has expired. Ask for a new one.")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def make_link(db: Session, user: User, hours: int) -> str:
    """The path of a new link for somebody."""
    secret = secrets.token_urlsafe(32)
    password_link.insert(db, _hash(secret), user.id, hours)
    return f"/new-password/{secret}"


def ask_for_link(ctx: Context, email: str) -> None:
    """Send a link to an address, if somebody has it. Nothing tells whether; three an hour at most are sent.

    :raises NotFound: when this installation cannot send mail
    """
    if not can_mail(ctx):
        raise NotFound(say("This site cannot send mail. Ask an administrator for a link to a new password."))
    with ctx.database.transaction() as tx:
        user = users.find_by_email(tx, email.strip())
        if user is None or not user.is_active or password_link.count_recent(tx, user.id, _MINUTES) >= _MOST:
            return
        subject = say("A new password for {site}", site=ctx.site_name)
        send_link(ctx, tx, user, ASKED_HOURS, subject, say("Somebody, probably you, has asked for a new password."))


def send_link(ctx: Context, tx: Transaction, user: User, hours: int, subject: str, why: str) -> None:
    """Send a link to somebody who has an e-mail address, as part of this transaction."""
    path = make_link(tx, user, hours)
    days = hours // 24
    until = say_many("{n} hour", "{n} hours", hours) if days < 2 else say_many("{n} day", "{n} days", days)
    parts = [
        why,
        say("Your name here is: {name}", name=user.name),
        say("Choose a password on this page:"),
        link_to(ctx, path),
        say("The link works once, and for {time}. If this was not meant for you, do nothing.", time=until),
    ]
    queue_mail(ctx, tx, user.email or "", subject, join("\n\n", parts), user.language)


def give_link(ctx: Context, actor: User, user_id: int) -> str | None:
    """The path of a link that an administrator hands to somebody; it works for a week.

    Who may not change the datasets of others does not get to see the link of an account that is in use: it is sent to
    its owner, and None is given.

    :raises NotFound: when there is no such user
    :raises NotAllowed: when it is an account that the actor may not touch, or no mail can be sent to its owner
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    user = users.find(ctx.database, user_id)
    if user is None:
        raise NotFound(say("There is no user {user_id}.", user_id=user_id))
    require_reach(actor, user)
    if may_stand_in(actor, is_in_use=user_list.is_in_use(ctx.database, user.id)):
        return make_link(ctx.database, user, GIVEN_HOURS)
    if not (can_mail(ctx) and user.email):
        raise NotAllowed(
            say("{name} has no address that a link could be sent to. Ask an administrator.", name=user.name)
        )
    with ctx.database.transaction() as tx:
        subject = say("A new password for {site}", site=ctx.site_name)
        send_link(ctx, tx, user, GIVEN_HOURS, subject, say("An administrator has asked for a new password for you."))
    return None


def whose_link(ctx: Context, secret: str) -> User:
    """For whom a link is. :raises NotFound: when it is not valid any more"""
    user_id = password_link.find_user(ctx.database, _hash(secret))
    user = users.find(ctx.database, user_id) if user_id is not None else None
    if user is None or not user.is_active:
        raise NotFound(_INVALID)
    return user


def use_link(ctx: Context, secret: str, password: str) -> User:
    """Give whoever has the link a new password. :raises NotFound: when it is not valid any more

    :raises InvalidInput: when the password will not do; the link stays valid then
    """
    check_password(password)
    with ctx.database.transaction() as tx:
        user_id = password_link.find_user(tx, _hash(secret), lock=True)
        user = users.find(tx, user_id) if user_id is not None else None
        if user is None or not user.is_active:
            raise NotFound(_INVALID)
        return put_password(tx, user, password)
