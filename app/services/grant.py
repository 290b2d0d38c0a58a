"""Nobody gives anybody, themselves included, what they may not do: all ways to come by rights lead through here.

Who administers users, tags or settings without being an administrator may not touch accounts that may do more than
they may, nor their own, and no change that they make may leave anybody with a right that they do not have themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import NotAllowed
from app.domain.right import GIVEN_RULES, Right
from app.domain.texts import declared, say
from app.domain.user import User
from app.services.access import changes_all
from app.storage import user as users
from app.storage.database import Transaction


def require_reach(actor: User, user: User) -> None:
    """Make sure that the actor may do something to an account. :raises NotAllowed: to their own, or one with more"""
    reason = reason_against(actor, user)
    if reason:
        raise NotAllowed(reason)


def reason_against(actor: User, user: User) -> str | None:
    """Why the actor may do nothing to an account, or None when they may."""
    if actor.is_admin:
        return None
    if user.id == actor.id:
        return say("Your own account is for somebody else to change here.")
    if user.is_admin or not user.rights <= actor.rights:
        return say("{name} may do more than you may. Ask an administrator.", name=user.name)
    return None


def require_making_admins(actor: User, user: User | None, *, is_admin: bool | None) -> None:
    """Make sure that only administrators make an account one of theirs. :raises NotAllowed: when the actor is none"""
    if is_admin and not actor.is_admin and not (user and user.is_admin):
        raise NotAllowed(say("Only administrators make somebody an administrator."))


def may_stand_in(actor: User, *, is_in_use: bool) -> bool:
    """Whether the actor may come to hold what leads into an account, such as a link to its password.

    Whoever holds it sees what its owner sees. So for an account that somebody uses, it takes the right to all datasets.
    """
    return changes_all(actor) or not is_in_use


def require_all_datasets(actor: User) -> None:
    """Make sure that the actor may decide on the datasets of others. :raises NotAllowed: when not"""
    if not changes_all(actor):
        raise NotAllowed(
            say(
                "This account has datasets: what becomes of them is for who has the right “{right}”.",
                right=declared(GIVEN_RULES[Right.DATASETS].label),
            )
        )


@contextmanager
def giving_nothing_new(tx: Transaction, actor: User) -> Iterator[None]:
    """Let the block change who has which tags, and how these count; see the text of the module.

    :raises NotAllowed: when somebody would have a right that they did not have and the actor has not
    """
    users.lock_rights(tx)
    before = {} if actor.is_admin else users.rights_of_all(tx)
    yield
    if actor.is_admin:
        return
    for user_id, rights in users.rights_of_all(tx).items():
        for right in sorted(rights - before.get(user_id, frozenset()) - actor.rights):
            label = declared(GIVEN_RULES[right].label)
            raise NotAllowed(
                say("This would give the right “{right}”, which you do not have. Ask an administrator.", right=label)
            )
