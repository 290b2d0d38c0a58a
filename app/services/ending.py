"""How a dataset ends, and what follows from it: presets take their result, dependents start or end too."""

from __future__ import annotations

from dataclasses import replace

from app.domain.dataset import Dataset, Status
from app.domain.errors import InvalidInput
from app.domain.job import Job
from app.domain.texts import join, say, say_many
from app.domain.user import User
from app.services.context import Context
from app.services.mail import can_mail, link_to, queue_mail
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import user as users
from app.storage.database import Transaction
from app.storage.dataset import Ending

_FOLLOWS = {
    Status.EMPTY: "The dataset it reads, “{label}”, is empty.",
    Status.FAILED: "The dataset it reads, “{label}”, failed.",
    Status.CANCELLED: "The dataset it reads, “{label}”, was cancelled.",
}

_MAILS = {
    Status.FINISHED: (say("“{label}” is finished"), say("“{label}” is finished.")),
    Status.EMPTY: (say("“{label}” found nothing"), say("“{label}” found nothing.")),
    Status.FAILED: (say("“{label}” failed"), say("“{label}” failed.")),
}
"""What a mail is called that tells of an end, and its first sentence."""


def end_dataset(ctx: Context, tx: Transaction, dataset: Dataset, ending: Ending) -> None:
    """End a dataset in this transaction: a preset that waits for it ends alike, and its dependents start or end.

    What has been asked of an empty, failed or cancelled dataset cannot be done, and ends in the same way, saying so.
    """
    datasets.end(tx, dataset.key, ending)
    if dataset.work.get("notify") and ending.status is not Status.CANCELLED:
        _tell_owner(ctx, tx, dataset, ending)
    tx.after_commit(lambda: ctx.bell.clear(dataset.key))
    _follow(ctx, tx, dataset, ending.status)
    if dataset.attach_to:
        preset = datasets.find(tx, dataset.attach_to)
        if preset is not None and not preset.status.is_ended:
            end_dataset(ctx, tx, preset, replace(ending, provenance={"result_of": dataset.key}))


def _follow(ctx: Context, tx: Transaction, dataset: Dataset, status: Status) -> None:
    """Let what waits for a dataset that has ended start, or end in the same way."""
    if status is Status.FINISHED:
        ctx.queue.unblock(tx, dataset.key)
    else:
        _end_dependents(ctx, tx, dataset, status)


def follow_ended(ctx: Context, key: str) -> bool:
    """Let what waits for a dataset start or end when that has ended or is gone; False when it has not."""
    with ctx.database.transaction() as tx:
        found = datasets.lock_any(tx, key)
        if found is not None and not found.status.is_ended:
            return False
        if found is None:  # its dependents, which were made from it, have gone with it
            ctx.queue.unblock(tx, key)
        else:
            _follow(ctx, tx, found, found.status)
        return True


def _tell_owner(ctx: Context, tx: Transaction, dataset: Dataset, ending: Ending) -> None:
    """Let whoever asked for it know by mail, as part of this transaction: neither lost nor sent twice with the end."""
    owner = users.find(tx, dataset.owner_id)
    if owner is None or not owner.is_active or not owner.email:
        return
    subject, sentence = (text.format(label=dataset.label) for text in _MAILS[ending.status])
    rows = [say_many("It has {n} row.", "It has {n} rows.", ending.rows)] if ending.rows else []
    parts = [
        join(" ", [sentence, *rows]),
        ending.message,
        link_to(ctx, f"/datasets/{dataset.key}"),
        say("You get this mail since you asked to be told."),
    ]
    queue_mail(ctx, tx, owner.email, subject, join("\n\n", parts), owner.language)


def require_address(ctx: Context, owner: User) -> None:
    """Make sure that a mail can reach somebody. :raises InvalidInput: naming `notify`"""
    if not can_mail(ctx):
        raise InvalidInput({"notify": [say("This site cannot send mail. Leave it out.")]})
    if not owner.email:
        raise InvalidInput({"notify": [say("Give your e-mail address on your account page first.")]})


def _end_dependents(ctx: Context, tx: Transaction, dataset: Dataset, status: Status) -> None:
    reason = _FOLLOWS[status].format(label=dataset.label)
    for job in jobs.blocked_by(tx, dataset.key):
        dependent = datasets.find(tx, job.dataset) if job.dataset else None
        if dependent is not None:
            end_dataset(ctx, tx, dependent, Ending(status, reason))
        jobs.delete(tx, job.id)


def cancel_in(ctx: Context, tx: Transaction, dataset: Dataset) -> None:
    """Cancel a dataset that has not ended. It ends at once; the process of a running one is stopped moments later."""
    job = jobs.for_dataset(tx, dataset.key)
    is_gone = job is None or ctx.queue.cancel(tx, job)
    end_dataset(ctx, tx, dataset, Ending(Status.CANCELLED, "Cancelled before it started." if is_gone else "Cancelled."))


def enqueue_dataset(ctx: Context, tx: Transaction, dataset: Dataset, *, secrets: dict[str, str] | None = None) -> Job:
    """Put the job that makes a dataset into the queue; it waits until the dataset it reads has finished."""
    source = datasets.find(tx, dataset.work["source"]) if "source" in dataset.work else None
    plugin = ctx.registry.runnable(dataset.type)
    return ctx.queue.enqueue(
        tx,
        dataset.type,
        dataset.key,
        owner=str(dataset.owner_id),
        details={"secrets": secrets} if secrets else {},
        dataset=dataset.key,
        blocked_by=source.key if source is not None and not source.status.is_ended else None,
        max_attempts=plugin.max_attempts,
    )
