"""Messages of administrators to everybody, to those with a tag or to one user, shown until they are dismissed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.errors import InvalidInput, NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.user import find_user
from app.services.user_tag import read_tag
from app.storage import notification
from app.storage.database import Row

_LONGEST = 2_000


def list_notifications(ctx: Context, actor: User) -> list[Row]:
    """What somebody has not dismissed yet, the newest first; whoever dismisses one that `stays` goes on to see it."""
    return notification.list_for(ctx.database, actor.id, actor.lent)


def dismiss(ctx: Context, actor: User, notification_id: int) -> None:
    """Show a message to the actor no more; what is not there is dismissed already, what stays does not go."""
    require_write(actor)
    notification.dismiss(ctx.database, notification_id, actor.id)


def list_sent(ctx: Context, actor: User) -> list[Row]:
    """Every message that has not been taken back, with whom it is for and how many have dismissed it."""
    require_given(actor, Right.MESSAGES)
    return notification.list_all(ctx.database)


def send(
    ctx: Context,
    actor: User,
    text: str,
    *,
    user: str | None = None,
    tag: str | None = None,
    days: int | None = None,
    stays: bool = False,
) -> int:
    """Show a message to a user, to those with a tag, or else to everybody, for so many days; its number.

    One that `stays` is shown until it is over or taken back, and cannot be dismissed.

    :raises InvalidInput: naming all that is wrong of `text`, `user`, `tag` and `days`; an empty name is not everybody
    """
    require_given(actor, Right.MESSAGES)
    require_write(actor)
    text = text.strip()
    wrong: dict[str, list[str]] = {}
    if not text or len(text) > _LONGEST:
        wrong["text"] = [say("Write something of at most {most:,} letters.", most=_LONGEST)]
    if days is not None and not 1 <= days <= 3650:
        wrong["days"] = [say("Give a number of days from 1 to 3,650, or nothing.")]
    user_id, wanted = None, None
    try:
        user_id, wanted = _for_whom(ctx, user, tag)
    except InvalidInput as error:
        wrong |= error.fields
    if wrong:
        raise InvalidInput(wrong)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    return notification.insert(
        ctx.database, text, actor.name, user_id=user_id, tag=wanted, expires=expires, stays=stays
    )


def _for_whom(ctx: Context, user: str | None, tag: str | None) -> tuple[int | None, str | None]:
    """The user or the tag that a message is for; neither when it is for everybody."""
    if user is not None and tag is not None:
        raise InvalidInput({"tag": [say("Give a user or a tag, not both.")]})
    if user is not None:
        try:
            return find_user(ctx, user.strip()).id, None
        except NotFound as error:
            raise InvalidInput({"user": [error.message if user.strip() else say("Say who it is for.")]}) from None
    if tag is None:
        return None, None
    if not tag.strip():
        raise InvalidInput({"tag": [say("Say which tag it is for.")]})
    return None, read_tag(tag)


def take_back(ctx: Context, actor: User, notification_id: int) -> None:
    """Take a message back from everybody. :raises NotFound: when there is none of this number"""
    require_given(actor, Right.MESSAGES)
    require_write(actor)
    if not notification.delete(ctx.database, notification_id):
        raise NotFound(say("There is no message {notification_id}.", notification_id=notification_id))
