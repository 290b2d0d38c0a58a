"""Deleting datasets: for now, so that it can be undone, or for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.dataset import Dataset
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.expiry import expiry_of
from app.domain.setting import limit_or_default
from app.domain.texts import say
from app.domain.user import User
from app.services.access import require_change, require_share
from app.services.context import Context
from app.services.ending import cancel_in
from app.storage import dataset as datasets
from app.storage import dataset_bin as bin_
from app.storage import setting
from app.storage.database import Transaction
from app.storage.files import discard


def throw_away(ctx: Context, actor: User, key: str) -> None:
    """Delete a dataset and everything made from it so that `bring_back` undoes it. What waits or runs is cancelled.

    Nothing shows it any more, and what an administrator has set as `limits.undo_days` later it goes for good.
    """
    require_change(actor, datasets.get(ctx.database, key))
    with ctx.database.transaction() as tx:
        doomed = _lock_tree(tx, key)
        for dataset in doomed.values():
            current = datasets.lock(tx, dataset.key)
            if not current.status.is_ended:
                cancel_in(ctx, tx, current)
        bin_.put(tx, doomed)


def _lock_tree(tx: Transaction, key: str) -> dict[str, Dataset]:
    """A dataset and everything made from it, locked; nobody adds to what is locked, so look until there is no more."""
    locked = {key: datasets.lock(tx, key)}
    while more := [found for found in datasets.descendants(tx, key) if found.key not in locked]:
        locked |= {found.key: datasets.lock(tx, found.key) for found in more}
    return locked


def bring_back(ctx: Context, actor: User, key: str) -> Dataset:
    """Undo the deletion of a dataset, with all that was deleted together with it.

    One whose time was up stays for some days more, in which its owners can say that it is to be kept.

    :raises NotFound: when there is no such deleted dataset that the actor may change
    :raises Conflict: when it was made from one that is deleted too, or must not stay any longer
    """
    with ctx.database.transaction() as tx:
        dataset = bin_.get(tx, key, lock=True)
        require_change(actor, dataset)
        if dataset.parent and datasets.find(tx, dataset.parent) is None:
            raise Conflict(say("What this was made from has been deleted too. Bring that back first."))
        bin_.take_out(tx, dataset)
        _put_off(tx, dataset)
    return datasets.get(ctx.database, key)


def _put_off(tx: Transaction, dataset: Dataset) -> None:
    """Let a capture whose time is up stay for as many days as a deletion can be undone."""
    site, now = setting.all_settings(tx), datetime.now(UTC)
    day = goes_on(site, dataset)
    if day is None or day > now:
        return
    if not expiry_of(site, dataset.type).may_keep:
        raise Conflict(say("Its time is up, and datasets of this source cannot be kept here."))
    days = max(limit_or_default(site, "undo_days"), 1)
    bin_.set_expiry(tx, dataset.key, expires=now + timedelta(days=days), is_kept=False)


def delete_dataset(ctx: Context, actor: User, key: str) -> None:
    """Delete a dataset and everything made from it for good: rows, jobs, logs and files. Running work on it stops.

    It may have been thrown away already.
    """
    require_change(actor, _find(ctx, key))
    delete_tree(ctx, key)


def delete_tree(ctx: Context, key: str) -> None:
    """Delete a dataset and everything made from it for good, whoever asks. :raises NotFound: when there is none"""
    with ctx.database.transaction() as tx:
        first = datasets.lock_any(tx, key)
        if first is None:
            raise NotFound(say("There is no dataset {key}.", key=key))
        doomed = [first, *datasets.descendants(tx, key, with_deleted=True)]
        keys = {dataset.key for dataset in doomed}
        names = {
            file.name
            for dataset in doomed
            if dataset.result and (dataset.attach_to is None or dataset.attach_to in keys)
            for file in dataset.result.files.values()
        }
        datasets.delete(tx, key)
        ctx.queue.let_others_start(tx, *{dataset.type for dataset in doomed if not dataset.status.is_ended})
    discard(ctx.files, names)


def _find(ctx: Context, key: str) -> Dataset:
    found = datasets.find(ctx.database, key) or bin_.find(ctx.database, key)
    if found is None:
        raise NotFound(say("There is no dataset {key}.", key=key))
    return found


def undo_days(ctx: Context) -> int:
    """For how many days what was thrown away can be brought back."""
    return limit_or_default(ctx.site_settings(), "undo_days")


def set_expiry(ctx: Context, actor: User, key: str, *, expires: datetime | None, is_kept: bool) -> Dataset:
    """Set when a capture goes with all made from it (None: when all do), or that it stays until somebody deletes it.

    :raises InvalidInput: when that is in the past, or the dataset is none that goes by itself, or one that has to
    :raises NotAllowed: when the actor is no owner of it
    """
    dataset = datasets.get(ctx.database, key)
    require_share(actor, dataset)
    if dataset.parent is not None:
        raise InvalidInput({"expires": [say("What is made from a capture goes with it. Set this for the capture.")]})
    if expires is not None and expires <= datetime.now(UTC):
        raise InvalidInput({"expires": [say("Give a day that is yet to come.")]})
    rule = expiry_of(ctx.site_settings(), dataset.type)
    if not rule.may_keep:
        last = dataset.created + timedelta(days=rule.days)
        if is_kept:
            raise InvalidInput({"keep": [say("Datasets of this source cannot be kept here. Download what you need.")]})
        if expires is not None and expires > last:
            raise InvalidInput({"expires": [say("It goes on {day:%Y-%m-%d}. Give an earlier day.", day=last)]})
    bin_.set_expiry(ctx.database, key, expires=expires, is_kept=is_kept)
    return datasets.get(ctx.database, key)


def goes_on(site: Mapping[str, Any], dataset: Dataset) -> datetime | None:
    """When a capture goes by itself: on the day that was set for it, else as old as its source allows; None is never.

    `site` are the settings of the installation. Where the source lets nobody keep datasets, only an earlier day counts.
    """
    if dataset.parent is not None:
        return None
    rule = expiry_of(site, dataset.type)
    by_age = dataset.created + timedelta(days=rule.days) if rule.days else None
    if rule.may_keep:
        return None if dataset.is_kept else dataset.expires or by_age
    return min((day for day in (dataset.expires, by_age) if day), default=None)
