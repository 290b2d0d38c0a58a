"""Delete a user: at once, or with all datasets by a job that goes on until nothing is left, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from app.domain.errors import InvalidInput, NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.dataset_bin import delete_tree
from app.services.grant import require_all_datasets, require_reach
from app.services.user_admin import get_listed, spare
from app.storage import annotation as codes
from app.storage import user as users
from app.storage import user_list
from app.storage.database import Transaction

DELETE = "delete-user"
_ATTEMPTS = 20


def delete_user(ctx: Context, actor: User, user_id: int, *, heir: str | None = None) -> bool:
    """Delete a user. Their datasets are deleted with all made from them, or go to an `heir`; whether they are gone now.

    One whose datasets have to be deleted is switched off now, and gone when a job has deleted the last of them.

    :raises NotFound: when there is no such user
    :raises InvalidInput: naming `heir`, when there is no such user or it is the same
    :raises Conflict: when it is the actor or the last administrator
    :raises NotAllowed: when the account may do more than the actor, or its datasets are not for the actor to change
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    user = get_listed(ctx, actor, user_id).user
    require_reach(actor, user)
    inherits = _find_heir(ctx, user, heir)
    with ctx.database.transaction() as tx:
        spare(tx, actor, user)
        has_datasets = bool(user_list.keys_of(tx, user.id, 1))
        if has_datasets:
            require_all_datasets(actor)
        if inherits is not None:
            user_list.hand_over(tx, user.id, inherits.id)
        elif has_datasets:
            user_list.update(tx, user.id, notes=None, is_admin=None, is_active=False, expires=None)
            ctx.queue.enqueue(tx, DELETE, str(user.id), max_attempts=_ATTEMPTS)
            return False
        _delete(tx, user)
        return True


def _delete(tx: Transaction, user: User) -> None:
    """Delete an account. What it has coded stays, under a name that nobody who comes later has."""
    names = (f"{user.name} (deleted{f' {number}' if number > 1 else ''})" for number in count(1))
    next(name for name in names if codes.rename_coder(tx, user.name, name))
    users.delete(tx, user.id)


def _find_heir(ctx: Context, user: User, heir: str | None) -> User | None:
    if not heir or not heir.strip():
        return None
    found = users.find_by_name(ctx.database, heir.strip())
    if found is None or found[0].id == user.id:
        raise InvalidInput({"heir": [say("There is no other user called {heir}.", heir=heir.strip())]})
    return found[0]


def finish_deleting(ctx: Context, user_id: int, log: Callable[[str], None]) -> None:
    """Delete what an account has, one dataset with all made from it after the other, then the account itself.

    Whoever is gone has been deleted; one that somebody has switched on again stays, with the datasets that are left.
    """
    user = users.find(ctx.database, user_id)
    if user is None or user.is_active:
        return
    deleted = 0
    while keys := user_list.keys_of(ctx.database, user.id, 100):
        for key in keys:
            try:
                delete_tree(ctx, key)
            except NotFound:
                continue  # it went with the one that it was made from
            deleted += 1
            if deleted % 100 == 0:
                log(f"deleted {deleted} datasets of {user.name}, with all made from them")
    with ctx.database.transaction() as tx:
        _delete(tx, user)
    log(f"deleted {user.name}, with {deleted} datasets and all made from them")
