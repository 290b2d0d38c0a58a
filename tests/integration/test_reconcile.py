"""What the reconciler mends, without workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.dataset import Status
from app.domain.user import User
from app.runner.reconcile import Reconciler
from app.runner.recover import recover
from app.services.context import Context
from app.services.dataset import cancel_dataset, retry_dataset
from app.services.ending import end_dataset
from app.services.run import run_processor
from app.storage import dataset as datasets
from app.storage import job as jobs
from app.storage import repair
from app.storage.dataset import Ending
from tests.conftest import finished_posts


def test_work_of_a_type_that_is_gone_fails_with_the_reason(ctx: Context, admin: User) -> None:
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {"way": "work"})[0]
    ctx.database.run("UPDATE jobs SET type = 'removed-long-ago', claim_after = now() - interval '1 second'")
    assert Reconciler(ctx).look() == 0
    assert datasets.get(ctx.database, asked.key).status is Status.WAITING

    ctx.database.run("UPDATE jobs SET queued = now() - interval '11 minutes'")
    assert Reconciler(ctx).look() == 1

    ended = datasets.get(ctx.database, asked.key)
    reason = "Nothing here does work of the type removed-long-ago any more."
    assert (ended.status, ended.message) == (Status.FAILED, reason)
    job = jobs.for_dataset(ctx.database, asked.key)
    assert job is not None
    assert (job.state, job.error) == ("failed", reason)
    assert [row["text"] for row in repair.latest(ctx.database, 5)] == [reason]


@pytest.mark.parametrize("status", [Status.FINISHED, Status.FAILED, None])
def test_what_waits_for_something_that_has_ended_goes_on_or_ends(
    ctx: Context, admin: User, status: Status | None
) -> None:
    top = finished_posts(ctx, admin)
    first = run_processor(ctx, admin, top.key, "misbehave", {"way": "work"})[0]
    second = run_processor(ctx, admin, first.key, "misbehave", {"way": "work"})[0]
    ctx.database.run("DELETE FROM jobs WHERE dataset = %(key)s", key=first.key)
    if status is None:
        ctx.database.run("UPDATE jobs SET blocked_by = 'gone'")
    else:
        sql = "UPDATE datasets SET status = %(status)s WHERE key = %(key)s"
        ctx.database.run(sql, status=str(status), key=first.key)
    assert Reconciler(ctx).look() == 1
    child, job = datasets.get(ctx.database, second.key), jobs.for_dataset(ctx.database, second.key)
    if status is Status.FAILED:
        assert (child.status, job) == (Status.FAILED, None)
    else:
        assert job is not None
        assert (child.status, job.blocked_by, job.state) == (Status.WAITING, None, "rung")


def test_an_attempt_that_has_shown_life_meanwhile_is_left_alone(ctx: Context, admin: User) -> None:
    asked = run_processor(ctx, admin, finished_posts(ctx, admin).key, "misbehave", {"way": "work"})[0]
    waiting = jobs.for_dataset(ctx.database, asked.key)
    assert waiting is not None
    with ctx.database.transaction() as tx:
        job = ctx.queue.claim(tx, waiting.id)
    assert job is not None
    assert not recover(ctx, job, "It was thought dead.", silent_for=30)
    ctx.database.run("UPDATE jobs SET heartbeat = now() - interval '31 seconds'")
    assert recover(ctx, job, "It was dead.", silent_for=30)


def test_who_retries_waits_for_the_end_of_what_is_read(ctx: Context, admin: User) -> None:
    top = finished_posts(ctx, admin)
    source = run_processor(ctx, admin, top.key, "misbehave", {"way": "work"})[0]
    child = run_processor(ctx, admin, source.key, "misbehave", {"way": "work"})[0]
    cancel_dataset(ctx, admin, child.key)
    with ThreadPoolExecutor(1) as pool:
        with ctx.database.transaction() as tx:
            locked = datasets.lock(tx, source.key)
            retried = pool.submit(retry_dataset, ctx, admin, child.key)
            with pytest.raises(TimeoutError):
                retried.result(0.5)
            end_dataset(ctx, tx, locked, Ending(Status.FINISHED, "Done.", result=top.result, columns=("id",)))
        assert retried.result(20).status is Status.WAITING
    job = jobs.for_dataset(ctx.database, child.key)
    assert job is not None
    assert (job.blocked_by, job.state) == (None, "rung")
