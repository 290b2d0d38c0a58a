"""What one person may have here: open jobs and bytes in storage. Looked at wherever work is asked for or a file sent.

Limits hold when something is asked for. A result larger than the room that was left is kept, and the next request
refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.domain.errors import StorageFull, TooManyJobs
from app.domain.setting import LIMITS
from app.domain.texts import Text, say, say_many
from app.domain.user import User
from app.services.context import Context
from app.services.person_setting import resolve
from app.storage import usage
from app.storage.database import Session, Transaction

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """The most open jobs and stored bytes of one person; None is no limit."""

    open_jobs: int | None
    stored_bytes: int | None


@dataclass(frozen=True)
class Usage:
    """What one person has at the moment, and may have."""

    open_jobs: int
    stored_bytes: int
    limits: Limits


def owner_limits(ctx: Context, db: Session, owner_id: int) -> Limits:
    """The limits that hold for one person now."""
    found = resolve(ctx.settings, db, owner_id)
    jobs, megabytes = found[f"{LIMITS}.open_jobs"].value, found[f"{LIMITS}.stored_mb"].value
    return Limits(jobs or None, megabytes * MEGABYTE or None)


def own_usage(ctx: Context, actor: User) -> Usage:
    """What the actor has and may have."""
    with ctx.database.transaction() as tx:
        return Usage(usage.open_jobs(tx, actor.id), usage.stored_bytes(tx, actor.id), owner_limits(ctx, tx, actor.id))


@contextmanager
def within_limits(ctx: Context, tx: Transaction, actor: User, owner_id: int) -> Iterator[None]:
    """Let the block put jobs of an owner into the queue, if they may have as many; else nothing of it is done.

    It must begin the transaction: who holds the owner waits for datasets and jobs, never the other way round. Requests
    of one owner so go one after the other, and their jobs are counted exactly. Workers take no part in this, so a
    job that ends meanwhile makes room, and a result that is published meanwhile counts for the next request.

    :raises TooManyJobs, StorageFull: when they may not
    """
    limits = owner_limits(ctx, tx, owner_id)
    if limits.open_jobs is None and limits.stored_bytes is None:
        yield
        return
    usage.lock_owner(tx, owner_id)
    before = usage.open_jobs(tx, owner_id)
    yield
    new = usage.open_jobs(tx, owner_id) - before
    if new > 0:
        is_own = actor.id == owner_id
        _check_jobs(limits, before, new, is_own=is_own)
        _check_storage(limits, usage.stored_bytes(tx, owner_id) if limits.stored_bytes else 0, is_own=is_own)


def _check_jobs(limits: Limits, before: int, new: int, *, is_own: bool) -> None:
    most = limits.open_jobs
    if most is None or before + new <= most:
        return
    raise TooManyJobs(
        say(
            "{has}; one person may have {most:,} here. Wait until some have ended, or cancel some.",
            has=_has_jobs(before, 0 if before >= most else new, is_own=is_own),
            most=most,
        )
    )


def _has_jobs(before: int, new: int, *, is_own: bool) -> Text:
    """How many open jobs somebody has, and how many come to that."""
    if is_own:
        has = say_many("You have {n} open job", "You have {n} open jobs", before)
    else:
        has = say_many(
            "The owner of this dataset has {n} open job", "The owner of this dataset has {n} open jobs", before
        )
    return say("{has} and this makes {new:,} more", has=has, new=new) if new else has


def _check_storage(limits: Limits, stored: int, *, is_own: bool) -> None:
    if limits.stored_bytes is None or stored < limits.stored_bytes:
        return
    whose = say("Your results and uploads") if is_own else say("The results and uploads of this dataset's owner")
    raise StorageFull(
        say(
            "{whose} take {stored:,} MB; one person may store {most:,} MB here. Delete"
            " datasets that are no longer needed, for good.",
            whose=whose,
            stored=stored // MEGABYTE,
            most=limits.stored_bytes // MEGABYTE,
        )
    )


def require_room(ctx: Context, actor: User) -> None:
    """Make sure that a request of the actor has a chance, before a file is taken in for it.

    :raises TooManyJobs, StorageFull: when it has none
    """
    found = own_usage(ctx, actor)
    _check_jobs(found.limits, found.open_jobs, 1, is_own=True)
    _check_storage(found.limits, found.stored_bytes, is_own=True)


def room_for_file(ctx: Context, db: Session, owner_id: int) -> int | None:
    """How many bytes a person may still upload; None is any number. :raises StorageFull: when there is no room"""
    limits = owner_limits(ctx, db, owner_id)
    if limits.stored_bytes is None:
        return None
    stored = usage.stored_bytes(db, owner_id)
    _check_storage(limits, stored, is_own=True)
    return limits.stored_bytes - stored


def require_room_for_file(ctx: Context, tx: Transaction, owner_id: int, size: int) -> None:
    """Make sure that there is room for a file that this transaction records. :raises StorageFull: when not"""
    usage.lock_owner(tx, owner_id)
    room = room_for_file(ctx, tx, owner_id)
    if room is not None and size > room:
        raise no_room(room)


def no_room(room: int) -> StorageFull:
    """What to say of a file that is larger than the room that is left."""
    return StorageFull(
        say(
            "This file is too large for you: of what one person may store here you have {room:,} MB"
            " left. Delete datasets that are no longer needed, for good.",
            room=room // MEGABYTE,
        )
    )
