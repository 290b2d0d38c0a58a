"""One's own account: who one is and how pages look; a password is asked for where more than the session is at stake."""

from __future__ import annotations

from dataclasses import replace

from app.domain.errors import InvalidInput, NotSignedIn
from app.domain.texts import say
from app.domain.user import User
from app.services import user as users
from app.services.access import require_own_account, require_write
from app.services.context import Context
from app.services.sign_in import sign_in


def change_own_password(ctx: Context, actor: User, present: str, new: str) -> User:
    """Change the password of whoever knows the present one; wherever they are signed in, they have to do so anew.

    :raises InvalidInput: naming `present` or `password`
    :raises NotAllowed: for visitors who share an account, and with a token that may only read
    """
    _require_present(ctx, actor, present)
    return users.set_password(ctx, actor.name, new)


def change_own_profile(
    ctx: Context, actor: User, present: str, name: str | None = None, email: str | None = None
) -> User:
    """Change one's name and e-mail address, or what is given of them.

    Whoever could change the address could get a new password sent to it, so the present password is asked for.

    :raises InvalidInput: naming `present`, `name` or `email`
    :raises NotAllowed: for visitors who share an account, and with a token that may only read
    """
    _require_present(ctx, actor, present)
    wanted = actor.email or "" if email is None else email
    return users.change_profile(ctx, actor, actor.name if name is None else name, wanted)


def change_own_looks(
    ctx: Context, actor: User, theme: str | None = None, time_zone: str | None = None, language: str | None = None
) -> User:
    """Change how pages look for oneself, or what is given of that.

    :raises InvalidInput: naming `theme`, `time_zone` or `language`
    :raises NotAllowed: for visitors who share an account, and with a token that may only read
    """
    require_own_account(actor)
    require_write(actor)
    changed = replace(
        actor,
        theme=actor.theme if theme is None else theme,
        time_zone=actor.time_zone if time_zone is None else time_zone,
        language=actor.language if language is None else language,
    )
    users.change_looks(ctx, actor, changed.theme, changed.time_zone, changed.language)
    return changed


def _require_present(ctx: Context, actor: User, present: str) -> None:
    require_own_account(actor)
    require_write(actor)
    try:
        sign_in(ctx, actor.name, present)
    except NotSignedIn as error:
        told = error.message if "locked" in error.message else say("This is not your present password.")
        raise InvalidInput({"present": [told]}) from None
